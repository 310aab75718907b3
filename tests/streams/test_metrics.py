"""Every metric that is declared is also counted or set somewhere."""

import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from streams import metrics

ROOT = Path(__file__).parents[2]
SOURCE = "".join(
    file.read_text() for room in ("streams", "agents", "console") for file in (ROOT / room).rglob("*.py")
)
DECLARED = sorted(name for name, each in vars(metrics).items() if isinstance(each, MetricWrapperBase))


@pytest.mark.parametrize("name", [name for name in DECLARED if name.isupper()])
def test_a_declared_metric_is_counted_somewhere(name: str) -> None:
    assert re.search(rf"metrics\.{name}\.(labels|inc|set|observe)\b", SOURCE)

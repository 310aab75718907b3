"""Writes the figure of docs/topology.md anew: ``.venv/bin/python -m tests.console.topology_page``."""

import re
from pathlib import Path
from typing import Final

from console.describe import mermaid
from console.topology import topology_of
from streams.settings import load_settings

PAGE: Final = Path(__file__).parents[2] / "docs" / "topology.md"
FIGURE: Final = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page_with(page: str, figure: str) -> str:
    """Return a page with another figure."""
    return FIGURE.sub(lambda _: f"```mermaid\n{figure}```", page)


if __name__ == "__main__":
    _SETTINGS = load_settings(_env_file=None, kafka_bootstrap_servers="localhost:9092")
    _FIGURE = f"{mermaid(topology_of(_SETTINGS))}\n"
    PAGE.write_text(page_with(PAGE.read_text(), _FIGURE))

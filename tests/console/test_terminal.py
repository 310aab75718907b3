"""What commands have in common: which registry a deployment's settings mean."""

from console.terminal import registry_of
from schemas.confluent import ConfluentRegistry
from schemas.registry import CommittedRegistry
from streams.settings import load_settings


def test_without_a_url_the_committed_schemas_serve() -> None:
    assert isinstance(registry_of(load_settings(schema_registry_url=None)), CommittedRegistry)


def test_a_url_means_the_registry_there() -> None:
    settings = load_settings(schema_registry_url="http://127.0.0.1:8081")
    assert isinstance(registry_of(settings), ConfluentRegistry)

"""The command line: what a person types, and what it reads and prints."""

from typing import Final

VERSION: Final = "0.1.0"
"""The release, as pyproject.toml has it."""

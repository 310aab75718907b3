"""Decoded accounts are kept within one budget, whichever partition of the worker they are of."""

from collections import OrderedDict

import pytest

from agents import book as book_module
from agents.book import AccountBook, Decoded
from domain.account import Tenant
from domain.engagement import DEFAULT_MODEL, first_baseline
from tests.agents.lane import empty_tables
from tests.domain.builders import TODAY

KEPT = 3
TENANT = Tenant(TODAY, False, first_baseline(), DEFAULT_MODEL)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "KEPT_ACCOUNTS", KEPT)


def books() -> tuple[AccountBook, AccountBook]:
    """Return the books of two partitions of one worker."""
    tables = empty_tables()
    decoded: Decoded = OrderedDict()
    return AccountBook(0, tables, decoded), AccountBook(1, tables, decoded)


def test_the_accounts_of_all_partitions_touched_longest_ago_go_first() -> None:
    one, other = books()
    one.open("a", TENANT)
    one.open("b", TENANT)
    other.open("a", TENANT)
    one.open("a", TENANT)
    other.open("c", TENANT)
    other.trim()
    assert "b" not in one
    assert "a" in one
    assert "a" in other
    assert "c" in other


def test_nothing_goes_before_it_is_trimmed() -> None:
    one, _ = books()
    opened = [one.open(f"account-{number}", TENANT) for number in range(KEPT + 2)]
    assert all(one.open(account.account_id, TENANT) is account for account in opened)


def test_a_partition_forgets_its_own_accounts_only() -> None:
    one, other = books()
    one.open("a", TENANT)
    kept = other.open("a", TENANT)
    one.forget()
    assert "a" not in one
    assert other.open("a", TENANT) is kept

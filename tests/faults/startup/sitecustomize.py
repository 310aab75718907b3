"""Tampers with a process that a fault test starts, before the product is imported."""

import os

from tests.faults.tampering import tamper

tamper(os.environ)

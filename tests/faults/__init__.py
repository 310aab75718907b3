"""Faults: workers and brokers are broken on purpose, and the promise of delivery is checked after."""

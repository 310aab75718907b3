"""How fast: the worker beside every peer and the same rules in memory, and what each part costs."""

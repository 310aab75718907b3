"""How fast: the worker on a real Kafka beside the same rules in memory, and what transactions cost."""

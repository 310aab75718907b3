"""``demo``: an embedded Kafka, one real worker, and a story that is told from what came out of it."""

"""The peer in Java: the same job on Kafka Streams, with its state in RocksDB and changelogs."""

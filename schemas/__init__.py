"""What crosses a topic: an Avro schema and a pydantic model per event, and their codec."""

"""How events travel and where state lives: topics, transport, delivery, placement, tables, admin."""

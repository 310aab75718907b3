"""``dead-letters``: what workers could not take, looked at, given to them again, and deleted."""

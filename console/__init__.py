"""The command line: what a person types, and what it reads and prints."""

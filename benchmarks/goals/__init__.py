"""One command for each figure that the engine is held to; each says what it measured and on what."""

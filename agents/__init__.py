"""Who reacts to what: one module per input topic, and what a lane does with the batches they read."""

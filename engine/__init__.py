"""The event-time engine: one partition's judge, without Kafka. It folds live, settles what came late, and checkpoints."""

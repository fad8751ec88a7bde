"""The event-time engine: one partition's judge, without Kafka. It folds live, settles, checkpoints."""

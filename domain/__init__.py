"""The vocabulary every part shares: activities, alerts, subjects and the wire between ingest and detect. It imports nothing of ours."""

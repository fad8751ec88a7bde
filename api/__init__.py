"""The HTTP API: events in, alerts and their evidence out."""

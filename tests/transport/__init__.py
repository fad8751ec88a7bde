"""Tests of the Kafka connection."""

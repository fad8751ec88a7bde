"""Tests of the stores against a real ClickHouse."""

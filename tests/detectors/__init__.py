"""Tests of the detectors, the fold and what is said about findings."""

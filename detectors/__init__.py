"""Detectors: pure functions from what a subject did to findings. Adding one is one file in `rules/` and one test."""

"""The Faust app around the engine, nothing else."""

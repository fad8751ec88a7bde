"""One detector per module, found by its name: `rules/<id>.py` defines the detector whose spec.id is <id>."""

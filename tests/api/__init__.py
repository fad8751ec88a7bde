"""Tests of the API: what each operation promises, over ASGI."""

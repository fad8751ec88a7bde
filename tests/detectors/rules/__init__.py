"""One test per detector: its stories, FIRES and SILENT, and the edges of its contract."""

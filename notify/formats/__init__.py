"""How a notification reads, one module per kind of channel."""

"""Where an address is and whose network it is in: offline, and the same for a record whenever it is asked again."""

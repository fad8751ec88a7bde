"""One command, one table: Vedette whole beside its peers, on the same events in the same run. See `__main__`."""

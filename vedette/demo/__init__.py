"""The demo: a simulated company, played through a whole system on this machine."""

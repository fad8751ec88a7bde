"""`vedette chaos`: a system of its own, load and faults out of one seed, and a verdict that owes nothing to it."""

"""The files of deploy/, checked as far as they can be without a container engine."""

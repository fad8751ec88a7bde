"""Collectors: they poll a CRM's own audit API and send its records, as they are, into the source's raw topic."""

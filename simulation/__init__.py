"""A company that can be attacked on purpose: who works there, what they do in their CRM, and what is hidden in it."""

"""Tells people: derives incidents from alerts and delivers them as signed webhooks that survive crashes and slow receivers."""

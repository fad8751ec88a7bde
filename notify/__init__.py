"""Tells people: incidents from alerts, delivered as signed webhooks that survive crashes and slow receivers."""

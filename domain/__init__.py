"""The vocabulary every part shares: activities, alerts, subjects, the wire. It imports nothing of ours."""

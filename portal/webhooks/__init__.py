"""Webhooks: what happened to a message is told to another system, signed."""

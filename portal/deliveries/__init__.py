"""Delivery: the rule, the outbox, the limits, the sender and the log."""

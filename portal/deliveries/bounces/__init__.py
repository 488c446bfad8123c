"""Bounces: what mail servers send back after they had accepted a message."""

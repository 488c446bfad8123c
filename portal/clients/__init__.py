"""Clients: who pays."""

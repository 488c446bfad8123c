"""Contracts: what is billed, when, through which wallet."""

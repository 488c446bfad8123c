"""Início: what needs a person first, then today in numbers."""

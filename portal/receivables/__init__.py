"""Receivables (títulos) and their boletos, frozen as they were generated."""

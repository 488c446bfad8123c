"""General and financial parameters: one row each."""

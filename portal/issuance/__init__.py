"""Emissão de boletos: find titles, print them, send them by hand."""

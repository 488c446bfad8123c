"""Generating financials: the receivables of a month and the e-mails that carry them."""

"""SMTP accounts, their message, and talking to their servers."""

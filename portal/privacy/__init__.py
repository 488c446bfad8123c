"""Personal data (LGPD): a client's data exported or erased, and who saw it."""

"""The checklist: every requirement of automatic sending, probed."""

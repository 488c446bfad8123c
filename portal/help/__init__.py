"""The user manual inside the portal: chapters, search, and each screen's link to its chapter."""

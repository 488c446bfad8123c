"""The UI kit: htmx, forms, pages, formatters, labels, permissions, the menu."""

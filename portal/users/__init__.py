"""People who use the portal and what their role allows."""

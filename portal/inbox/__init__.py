"""The local inbox: catches every e-mail that this machine's portal sends, and shows it on a page.

Nothing leaves the machine: both the SMTP server and the page answer on the loopback only.
"""

from portal.inbox.server import run

__all__ = ["run"]

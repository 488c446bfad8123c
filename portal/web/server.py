"""The web server's worker: a thread is for a request, not for a silent connection."""

from typing import Any

from gunicorn.workers import gthread


class Worker(gthread.ThreadWorker):
    """gunicorn's threaded worker, in which a connection that says nothing keeps no thread.

    Browsers open connections ahead of need. gunicorn 27 lets each of them hold a thread for up to
    5 s before it goes to the poller; as many as there are threads, and the portal answers no one.
    Here it goes there at once, and takes a thread when its first bytes are in.
    """

    def handle(self, conn: gthread.TConn) -> Any:
        """Answer what `conn` asks; one that has not asked yet goes back to the poller."""
        if not conn.initialized and not conn.wait_for_data(0):
            return gthread._DEFER
        return super().handle(conn)

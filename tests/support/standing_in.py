"""Doing in the test what a worker would do, where none runs."""

from sqlalchemy import select

from portal.core import clock
from portal.core.db import db
from portal.deliveries import sender, testing
from portal.generation import service as generation
from portal.smtp.models import SmtpTest, SmtpTestState
from tests.support.browser import LivePortal


def run_tests(live: LivePortal) -> None:
    """Send the test e-mails that were asked for."""
    with live.app.app_context():
        queued = select(SmtpTest.id).where(SmtpTest.state == SmtpTestState.QUEUED)
        for test_id in db.session.scalars(queued).all():
            testing.run(test_id)
        db.session.remove()


def generate_and_send(live: LivePortal, generation_id: int, account_id: int) -> None:
    """Make the titles of a run, and send the account's e-mails that wait."""
    with live.app.app_context():
        generation.run(generation_id, clock.now())
        sender.drain(account_id)
        db.session.remove()

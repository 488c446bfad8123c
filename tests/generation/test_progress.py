"""Where a run stands: what its page says of the account that sends."""

from portal.deliveries import moving
from portal.deliveries.states import State
from portal.generation.progress import progress
from portal.smtp.models import AccountState
from tests.factories import NOON, create_account, create_generation, create_message, create_user


def test_the_account_is_the_one_that_sends_what_still_waits(session):
    blocked, spare = create_account(), create_account()
    run = create_generation(messages=2)
    for state in (State.SENT, State.QUEUED):
        create_message(state=state, generation_id=run.id, smtp_account=blocked)
    assert progress(run, NOON).account is blocked
    blocked.state = AccountState.PAUSED
    session.commit()
    assert moving.move(blocked.id, spare.id, create_user(), NOON) == 1
    found = progress(run, NOON)
    assert found.account is spare
    assert found.ends is not None

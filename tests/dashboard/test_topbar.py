"""The state of sending in the top bar: the pace, with the minute where it is limited."""

from datetime import timedelta

import pytest

from portal.core.db import db
from portal.deliveries.models import QuotaUse
from portal.deliveries.states import State
from tests.factories import NOON, create_account, create_message, create_settings
from tests.support.pages import plain


def bar(answer):
    start = answer.text.index('class="sending ')
    return plain(answer.text[start : answer.text.index("</a>", start)].partition(">")[2])


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (None, "Enviando · 3/200 nesta hora"),
        (30, "Enviando · 2/30 neste minuto · 3/200 nesta hora"),
    ],
)
def test_the_pace_names_the_minute_only_where_it_is_limited(app, admin, limit, text):
    with app.app_context():
        account = create_account(minute_limit=limit)
        create_settings(account)
        create_message(smtp_account=account, state=State.SENDING)
        db.session.add_all(
            QuotaUse(smtp_account_id=account.id, used_at=NOON - timedelta(seconds=seconds))
            for seconds in (1, 59, 60, 3600)
        )
        db.session.commit()
    assert bar(admin.get("/conta")) == text

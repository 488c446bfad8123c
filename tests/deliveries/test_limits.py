"""Rolling windows, and when a queue will have left."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.deliveries import backoff
from portal.deliveries.limits import DAY, HOUR, MINUTE, Limits, leave_times
from tests.factories import NOON

TEN_AND_25 = Limits(hourly=10, daily=25)


def next_slot(uses: list[datetime], limits: Limits, now: datetime) -> datetime:
    (moment,) = leave_times(uses, limits, 1, now)
    return moment


def test_an_unused_account_sends_at_once():
    assert next_slot([], TEN_AND_25, NOON) == NOON


def test_a_full_hour_opens_when_its_oldest_use_leaves_the_window():
    uses = [NOON - timedelta(minutes=50 - minute) for minute in range(10)]
    assert next_slot(uses, TEN_AND_25, NOON) == uses[0] + HOUR


def test_forty_messages_at_ten_an_hour_and_25_a_day_end_on_the_next_day():
    times = leave_times([], TEN_AND_25, 40, NOON)
    assert times[9] == NOON
    assert times[10] == NOON + HOUR
    assert times[24] == NOON + 2 * HOUR
    assert times[25] == NOON + DAY
    assert times[39] == NOON + DAY + HOUR


def test_midnight_opens_nothing():
    night = NOON.replace(hour=2, minute=59)  # 23:59 in São Paulo
    uses = [night] * 25
    assert next_slot(uses, TEN_AND_25, night + timedelta(minutes=2)) == night + DAY


def test_thirty_a_minute_leave_in_bursts_a_minute_apart():
    times = leave_times([], Limits(hourly=1000, daily=10_000, minute=30), 61, NOON)
    assert (times[29], times[30], times[60]) == (NOON, NOON + MINUTE, NOON + 2 * MINUTE)


def test_a_full_minute_opens_when_its_oldest_use_leaves_the_window():
    uses = [NOON - timedelta(seconds=61), *[NOON - timedelta(seconds=20)] * 2]
    assert next_slot(uses, Limits(100, 100, minute=2), NOON) == NOON + timedelta(seconds=40)
    assert next_slot(uses, Limits(100, 100, minute=3), NOON) == NOON
    assert next_slot(uses, Limits(100, 100), NOON) == NOON


def test_the_fullest_of_three_windows_decides():
    uses = [NOON - timedelta(seconds=10)] * 2
    assert next_slot(uses, Limits(2, 100, minute=2), NOON) == uses[0] + HOUR


@given(
    minute=st.none() | st.integers(1, 8),
    hourly=st.integers(1, 12),
    daily=st.integers(1, 40),
    ages=st.lists(st.integers(0, 100_000), max_size=20),
    waiting=st.integers(0, 60),
)
def test_no_window_ever_holds_more_than_its_limit(minute, hourly, daily, ages, waiting):
    limits = Limits(hourly, daily, minute)
    uses: list[datetime] = []
    for age in sorted(ages, reverse=True):  # a past that kept the limits
        moment = NOON - timedelta(seconds=age)
        if next_slot(uses, limits, moment) == moment:
            uses.append(moment)
    recent = [used for used in uses if used > NOON - DAY]
    times = leave_times(recent, limits, waiting, NOON)
    everything = recent + times
    for size, limit in limits.windows:
        for moment in everything:
            inside = [used for used in everything if moment - size < used <= moment]
            assert len(inside) <= limit
    assert times == sorted(times)


def test_waits_grow_and_end():
    waits = [backoff.delay(tries, jitter=0) for tries in range(1, backoff.MAX_TRIES)]
    assert waits == sorted(waits)
    assert backoff.delay(backoff.MAX_TRIES, jitter=0) is None


def test_jitter_adds_at_most_a_quarter_and_the_server_may_ask_for_more():
    assert backoff.delay(1, jitter=1) == timedelta(seconds=75)
    assert backoff.delay(1, jitter=0, at_least=timedelta(hours=1)) == timedelta(hours=1)

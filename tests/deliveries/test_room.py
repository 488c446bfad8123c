"""An account far from its limits is not counted again for a moment."""

from datetime import timedelta

import pytest

from portal.deliveries import room
from portal.deliveries.room import FAR, Room

HOUR = timedelta(hours=1)
WINDOWS = ((HOUR, 5_000), (24 * HOUR, 20_000))


@pytest.fixture
def monotonic(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(room.time, "monotonic", lambda: now[0])
    return now


def test_nothing_is_known_before_the_first_count(monotonic):
    assert not Room().is_known(WINDOWS)
    assert not Room().is_known(())


def test_far_from_every_limit_it_is_known_for_a_moment(monotonic):
    found = Room()
    assert found.learn(WINDOWS, [5_000 - FAR - 1, 0], 100.0)
    assert found.is_known(WINDOWS)
    monotonic[0] += room.KNOWN_FOR
    assert not found.is_known(WINDOWS)


@pytest.mark.parametrize("used", [[5_000 - FAR, 0], [0, 20_000 - FAR], [4_999, 0]])
def test_near_a_limit_each_claim_counts(monotonic, used):
    found = Room()
    assert found.learn(WINDOWS, [0, 0], 100.0)
    assert found.learn(WINDOWS, used, 100.0)
    assert not found.is_known(WINDOWS)


@pytest.mark.parametrize("used", [[5_000, 0], [0, 20_000], [5_001, 20_001]])
def test_a_full_window_has_no_room(monotonic, used):
    found = Room()
    assert not found.learn(WINDOWS, used, 100.0)
    assert not found.is_known(WINDOWS)


def test_other_limits_are_counted_anew(monotonic):
    found = Room()
    found.learn(WINDOWS, [0, 0], 100.0)
    assert not found.is_known(((HOUR, 2), (24 * HOUR, 20_000)))

"""Where days, hours and months begin, also where clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.dashboard import buckets

SPRING = {"America/Sao_Paulo": date(2018, 11, 4), "America/Santiago": date(2026, 9, 6)}
AUTUMN = {"America/Sao_Paulo": date(2018, 2, 17), "America/New_York": date(2026, 11, 1)}


@pytest.mark.parametrize(("zone", "day"), [*SPRING.items(), *AUTUMN.items()])
def test_days_follow_each_other_without_hole_or_overlap(zone, day):
    found = buckets.days(day + timedelta(days=1), 3, zone)
    assert [item.day for item in found] == [day + timedelta(days=back) for back in (-1, 0, 1)]
    assert [item.until for item in found[:-1]] == [item.since for item in found[1:]]


@pytest.mark.parametrize(("zone", "day"), SPRING.items())
def test_the_day_on_which_clocks_go_forward_has_23_hours(zone, day):
    [found] = buckets.days(day, 1, zone)
    assert found.until - found.since == timedelta(hours=23)


@pytest.mark.parametrize(("zone", "day"), AUTUMN.items())
def test_the_day_on_which_clocks_go_back_has_25_hours(zone, day):
    [found] = buckets.days(day, 1, zone)
    assert found.until - found.since == timedelta(hours=25)


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Kolkata", "UTC"])
def test_the_last_hour_holds_now_and_begins_on_the_hour_there(zone):
    now = datetime(2026, 11, 24, 15, 47, tzinfo=UTC)
    found = buckets.hours(now, 24, zone)
    assert len(found) == 24
    assert found[-1].since <= now < found[-1].until
    assert all(item.until - item.since == timedelta(hours=1) for item in found)
    assert [item.until for item in found[:-1]] == [item.since for item in found[1:]]
    assert (
        found[-1].label == {"America/Sao_Paulo": "12h", "Asia/Kolkata": "21h", "UTC": "15h"}[zone]
    )


def test_an_hour_that_comes_twice_stands_there_twice():
    now = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30 in New York, for the second time
    labels = [item.label for item in buckets.hours(now, 4, "America/New_York")]
    assert labels == ["23h", "0h", "1h", "1h"]


def test_months_pass_the_turn_of_the_year():
    found = buckets.months(date(2026, 12, 31), 10, 1)
    assert len(found) == 12
    assert found[0] == buckets.Month(date(2026, 2, 1), date(2026, 2, 28))
    assert found[-1] == buckets.Month(date(2027, 1, 1), date(2027, 1, 31))

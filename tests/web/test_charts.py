"""The geometry of the charts."""

from decimal import Decimal

import pytest

from portal.web import charts
from portal.web.charts import HEIGHT, LEAST, WIDTH, Series
from portal.web.labels import Label

SENT = Label("Enviado", "success", "✓")
FAILED = Label("Falhou", "danger", "✕")
BOUNCED = Label("Devolvido", "danger", "↩")


def draw(*values, labels=None):
    names = (SENT, FAILED, BOUNCED)
    series = [Series(str(n), names[n], tuple(row)) for n, row in enumerate(values)]
    return charts.stacked(labels or [str(n) for n in range(len(values[0]))], series, str)


def test_columns_stand_on_the_ground_and_stack_to_scale():
    drawing = draw([100, 50], [0, 50])
    assert drawing.ticks == ("0", "50", "100")
    assert drawing.lines == (160.0, 80.0, 0.0)
    [whole], [lower, upper] = (column.segments for column in drawing.columns)
    assert (whole.y, whole.height) == (0, HEIGHT)
    assert (lower.y, lower.height) == (HEIGHT / 2, HEIGHT / 2)
    assert (upper.y, upper.height) == (0, HEIGHT / 2)
    assert whole.x + whole.width < lower.x < lower.x + lower.width < WIDTH


def test_one_failure_among_thousands_is_seen_and_the_column_stays_inside():
    [column] = draw([5000], [1], [1]).columns
    heights = [segment.height for segment in column.segments]
    assert heights[1:] == [LEAST, LEAST]
    assert sum(heights) <= HEIGHT + 0.02
    assert min(segment.y for segment in column.segments) >= -0.02


def test_series_of_one_tone_differ_in_pattern():
    marks = draw([1], [1], [1]).marks
    assert [(mark.label.tone, mark.pattern) for mark in marks] == [
        ("success", "plain"),
        ("danger", "plain"),
        ("danger", "lines"),
    ]


def test_each_column_says_its_numbers():
    drawing = draw([3, 0], [1, 0], labels=["23/11", "24/11"])
    assert [column.title for column in drawing.columns] == [
        "23/11: enviado 3, falhou 1",
        "24/11: nada",
    ]
    assert drawing.ends == ("23/11", "24/11")


def test_nothing_at_all_is_empty_and_draws_no_rectangle():
    drawing = draw([0, 0, 0])
    assert drawing.empty
    assert drawing.ticks == ("0", "1")
    assert not any(column.segments for column in drawing.columns)


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (1, ["0", "1"]),
        (4, ["0", "1", "2", "3", "4"]),
        (5, ["0", "2", "4", "6"]),
        (38, ["0", "10", "20", "30", "40"]),
        (4812, ["0", "2 mil", "4 mil", "6 mil"]),
        (Decimal("612480.50"), ["0", "200 mil", "400 mil", "600 mil", "800 mil"]),
        (9_000_000, ["0", "5 mi", "10 mi"]),
    ],
)
def test_the_axis_has_round_numbers_and_room_for_the_highest(highest, ticks):
    assert list(draw([highest]).ticks) == ticks


def test_values_of_the_axis_are_short():
    assert [charts.compact(value) for value in (0, 950, 1500, 20_000, 1_500_000)] == [
        "0",
        "950",
        "1,5 mil",
        "20 mil",
        "1,5 mi",
    ]

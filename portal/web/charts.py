"""Charts of stacked columns: numbers in, geometry out. `components/charts.html` draws them.

Pure. The drawing is stretched to the room it has, so no text is part of it; what each column says
stands in its `title`, and the same numbers in a table beside the drawing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from portal.web.labels import Label

WIDTH, HEIGHT = 600.0, 160.0  # units of the drawing
GAP = 0.25  # of a column's room, left empty beside it
LEAST = 2.0  # units: one failure among thousands is still seen
TICKS = 4  # at most, above zero
PATTERNS = ("plain", "lines", "dots")  # series of one tone are told apart by these

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Series:
    """One value per column. `key` is what links and columns of the table go by."""

    key: str
    label: Label
    values: tuple[Number, ...]

    @property
    def total(self) -> Number:
        """The sum of its values."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Mark:
    """How a series looks: a tone and one of PATTERNS."""

    label: Label
    pattern: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A rectangle of a column, in units of the drawing; y grows downwards."""

    mark: Mark
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """What one column says in words, and its rectangles from the ground up."""

    title: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole chart. `ticks` go from zero to the top, evenly; `empty` when every value is zero."""

    marks: tuple[Mark, ...]
    columns: tuple[Column, ...]
    ticks: tuple[str, ...]
    lines: tuple[float, ...]  # y of each tick
    ends: tuple[str, ...]  # labels of the first, the middle and the last column
    empty: bool


def stacked(
    labels: Sequence[str], series: Sequence[Series], show: Callable[[Number], str]
) -> Drawing:
    """Columns of stacked series, one per label. `show` writes a value: `1.234`, `R$ 10,00`.

    Every series has as many values as there are labels, none of them negative.
    """
    marks = _marks([item.label for item in series])
    highest = max(
        (sum(column) for column in zip(*(s.values for s in series), strict=True)), default=0
    )
    step, count = _scale(highest)
    top = step * count
    columns = tuple(
        Column(
            _title(label, [(item.label, item.values[index]) for item in series], show),
            _segments(index, len(labels), marks, [item.values[index] for item in series], top),
        )
        for index, label in enumerate(labels)
    )
    return Drawing(
        marks,
        columns,
        tuple(compact(step * number) for number in range(count + 1)),
        tuple(round(HEIGHT - HEIGHT * number / count, 2) for number in range(count + 1)),
        (labels[0], labels[len(labels) // 2], labels[-1]) if len(labels) > 2 else tuple(labels),
        not highest,
    )


def compact(value: Number) -> str:
    """`950`, `1,5 mil`, `20 mil`, `1,5 mi`: a value of the axis."""
    for size, unit in ((1_000_000, "mi"), (1000, "mil")):
        if value >= size:
            scaled = f"{Decimal(value) / size:.1f}".removesuffix(".0").replace(".", ",")
            return f"{scaled} {unit}"
    return str(int(value))


def _scale(highest: Number) -> tuple[int, int]:
    """Step and number of the ticks: the finest of 1, 2, 5, 10, 20… that needs at most TICKS."""
    step = 1
    while step * TICKS < highest:
        first = str(step)[0]
        step = step * 5 // 2 if first == "2" else step * 2
    return step, max(1, ceil(highest / step))


def _marks(labels: Sequence[Label]) -> tuple[Mark, ...]:
    """Series of the same tone get different patterns, in order."""
    seen: dict[str, int] = {}
    marks = []
    for label in labels:
        number = seen.get(label.tone, 0)
        seen[label.tone] = number + 1
        marks.append(Mark(label, PATTERNS[number % len(PATTERNS)]))
    return tuple(marks)


def _segments(
    index: int, columns: int, marks: Sequence[Mark], values: Sequence[Number], top: Number
) -> tuple[Segment, ...]:
    room = WIDTH / columns
    heights = _heights(values, top)
    ground = HEIGHT
    segments = []
    for mark, height in zip(marks, heights, strict=True):
        if height:
            ground -= height
            segments.append(
                Segment(
                    mark,
                    round(room * (index + GAP / 2), 2),
                    round(ground, 2),
                    round(room * (1 - GAP), 2),
                    round(height, 2),
                )
            )
    return tuple(segments)


def _heights(values: Sequence[Number], top: Number) -> list[float]:
    """To scale, but none invisible; what the small ones take on top, the tallest gives back."""
    heights = [max(HEIGHT * float(value / top), LEAST) if value else 0.0 for value in values]
    excess = sum(heights) - HEIGHT
    if excess > 0:
        tallest = heights.index(max(heights))
        heights[tallest] -= excess
    return heights


def _title(label: str, parts: Sequence[tuple[Label, Number]], show: Callable[[Number], str]) -> str:
    said = [f"{part.text.lower()} {show(value)}" for part, value in parts if value]
    return f"{label}: {', '.join(said) or 'nada'}"

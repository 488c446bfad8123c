"""What rooms above show on a title's page: this room knows no e-mails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from markupsafe import Markup

from portal.receivables.models import Receivable


@dataclass(frozen=True, slots=True)
class Panel:
    """A fragment and what it shows."""

    template: str
    values: Mapping[str, Any]

    def html(self) -> Markup:
        """The fragment, rendered."""
        return Markup(render_template(self.template, **self.values))  # noqa: S704 - our template


Maker = Callable[[Receivable, datetime], Panel]
MAKERS: list[Maker] = []


def add(maker: Maker) -> None:
    """Let `maker` add to the page; rooms call it in `register(app)`. Twice is once."""
    if maker not in MAKERS:
        MAKERS.append(maker)


def of(title: Receivable, now: datetime) -> list[Panel]:
    """The panels of a title's page, in the order of the rooms."""
    return [maker(title, now) for maker in MAKERS]

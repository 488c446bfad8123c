"""Errors that a person can read and act on."""


class PortalError(Exception):
    """Something a person can mend. `str(error)` is the sentence shown to them."""


class ConfigError(PortalError):
    """The environment or a configuration file has a bad value; names it and says what is valid."""


class InvalidValue(PortalError):
    """A field of an input cannot be accepted: `field` names it, the message says cause and cure."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(PortalError):
    """The thing that was asked for does not exist."""


class Conflict(PortalError):
    """The state changed meanwhile, or the thing was already done; nothing was changed.

    `outdated`: what the person typed stands on values that somebody else has changed since.
    """

    def __init__(self, message: str, *, outdated: bool = False) -> None:
        super().__init__(message)
        self.outdated = outdated


def refuse_stale(version: int | str, seen: int | str, what: str) -> None:
    """Raises Conflict when a row is no longer as the person saw it; `what`: "esta conta"."""
    if version != seen:
        raise Conflict(
            f"Outra pessoa salvou {what} enquanto você editava. "
            "Abra a página de novo, confira e repita a sua mudança.",
            outdated=True,
        )

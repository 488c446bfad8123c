"""`portal …`: every command. A usage error exits 2, a failure 1 with one line on stderr."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from portal.core.errors import PortalError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Pontual: boletos rendered and e-mailed on time, once, with proof."""


@contextmanager
def portal_app() -> Iterator[Flask]:
    """The application, migrated, inside its context; for commands that touch data."""
    from portal import create_app
    from portal.core.migrations import ensure_migrated

    app = create_app(web=False)
    with app.app_context():
        ensure_migrated()
        yield app


def emit(data: Any, *, as_json: bool, say: Callable[[Any], Iterator[str]]) -> None:
    """Print JSON alone, or the lines that `say` makes of the data."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, default=str))
        return
    for line in say(data):
        click.echo(line)


def main() -> None:
    """Console entry point: errors end as one line, never as a stack trace."""
    from portal.cli import commands  # noqa: F401 - registers every command

    try:
        # Without its standalone mode click returns the code given to `ctx.exit`.
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except (PortalError, click.ClickException) as error:
        _fail(error.format_message() if isinstance(error, click.ClickException) else str(error))
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}")
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        _fail(f"o banco de dados não atende: {reason[0] if reason else type(error).__name__}")
    except RedisError as error:
        _fail(f"a fila (Redis) não atende: {error}")
    except UnicodeError:
        _fail("um argumento não é texto UTF-8 válido")
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        _fail(f"erro inesperado ({type(error).__name__}): {str(error).splitlines()[:1]}")


def _fail(message: str) -> NoReturn:
    click.echo(f"portal: {message}", err=True)
    sys.exit(1)

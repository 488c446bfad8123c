"""Commands for people: the way in when nobody can sign in any more."""

from collections.abc import Iterator
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.db import reading

ROLES = ("admin", "financeiro", "consulta")
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


@cli.group()
def users() -> None:
    """Create, list and let go of the people who sign in."""


@users.command()
@click.argument("email")
@click.option("--name", default="", help="Name; default: what stands before the @.")
@click.option("--role", type=click.Choice(ROLES), default="financeiro", show_default=True)
@as_json_option
def create(email: str, name: str, role: str, as_json: bool) -> None:
    """Create a person; prints the generated password, this once."""
    from portal.users import service

    with portal_app():
        values = {"email": email, "name": name.strip() or email.partition("@")[0], "role": role}
        user, password = service.create(values, None, clock.now())
        data = {"email": user.email, "name": user.name, "role": user.role, "password": password}
    emit(data, as_json=as_json, say=_say_password)


@users.command("list")
@as_json_option
def list_people(as_json: bool) -> None:
    """List everybody."""
    from portal.users import queries

    with portal_app(), reading():
        people = [
            {
                "email": user.email,
                "name": user.name,
                "role": user.role,
                "active": user.active,
                "last_login_at": user.last_login_at.isoformat() if user.last_login_at else None,
            }
            for user in queries.everybody()
        ]
    emit(people, as_json=as_json, say=_say_people)


@users.command("reset-password")
@click.argument("email")
@as_json_option
def reset_password(email: str, as_json: bool) -> None:
    """Give a person a new password; prints it, this once. Their sessions end."""
    from portal.users import service

    with portal_app():
        user, password = service.reset_password(service.by_email(email).id, None, clock.now())
        data = {"email": user.email, "name": user.name, "role": user.role, "password": password}
    emit(data, as_json=as_json, say=_say_password)


@users.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Let a person go: they cannot sign in any more, and their sessions end."""
    from portal.users import service

    with portal_app():
        user = service.set_active(service.by_email(email).id, False, None, clock.now())
        click.echo(f"{user.email} desativado")


@users.command()
@click.argument("email")
def reactivate(email: str) -> None:
    """Take a person back, with the password of before."""
    from portal.users import service

    with portal_app():
        user = service.set_active(service.by_email(email).id, True, None, clock.now())
        click.echo(f"{user.email} reativado")


def _say_password(data: dict[str, Any]) -> Iterator[str]:
    yield f"e-mail  {data['email']}"
    yield f"perfil  {data['role']}"
    yield f"senha   {data['password']}   (mostrada só desta vez)"


def _say_people(people: list[dict[str, Any]]) -> Iterator[str]:
    for user in people:
        state = "ativo" if user["active"] else "desativado"
        yield f"{user['email']:<40} {user['role']:<11} {state:<11} {user['name']}"

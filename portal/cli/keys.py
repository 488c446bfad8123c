"""`portal keys`: which keys hold the stored secrets, and how they are changed."""

from collections.abc import Iterator
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core.crypto import KeyRing, new_key

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


@cli.group("keys")
def keys_group() -> None:
    """The keys that encrypt stored passwords and tokens."""


@keys_group.command("show")
@AS_JSON
def show(as_json: bool) -> None:
    """Print the fingerprints of the keys and how many secrets each holds; never a key."""
    from portal.operations import keys

    with portal_app() as app:
        ring: KeyRing = app.config["SETTINGS"].keys
        used = keys.uses()
        data = {
            "source": str(ring.source or "PORTAL_ENCRYPTION_KEYS"),
            "keys": [
                {"id": key_id, "newest": place == 0, "secrets": used[key_id]}
                for place, key_id in enumerate(ring.ids)
            ],
            "missing": [
                {"id": key_id, "secrets": count}
                for key_id, count in sorted(used.items())
                if key_id not in ring.ids
            ],
        }
    emit(data, as_json=as_json, say=_say_keys)


@keys_group.command("rotate")
@click.option("--drop-old", is_flag=True, help="Make no new key; remove the old ones.")
@AS_JSON
@click.pass_context
def rotate(ctx: click.Context, drop_old: bool, as_json: bool) -> None:
    """Write every secret with a new key. Interrupted, run it again: it goes on.

    Keys that come from PORTAL_ENCRYPTION_KEYS: prints a new one to put there; once it is there,
    the next call writes the secrets with it. Exit 1: a secret could not be read.
    """
    with portal_app() as app:
        data = _rotate(app.config["SETTINGS"].keys, drop_old)
    emit(data, as_json=as_json, say=_say_rotation)
    ctx.exit(1 if data["unreadable"] else 0)


def _rotate(ring: KeyRing, drop_old: bool) -> dict[str, Any]:
    """A rotation that was begun is finished first; only then another key is made."""
    from portal.operations import keys

    data: dict[str, Any] = {"new_key": None, "set_in_environment": None}
    old = {key_id for key_id in keys.uses() if key_id != ring.ids[0] and key_id in ring.ids}
    unfinished = bool(old) or drop_old
    if not unfinished and ring.source is None:
        data["set_in_environment"] = new_key()
    elif not unfinished:
        data["new_key"] = keys.add_key(ring)
    outcome = keys.rewrite(ring)
    data |= {"rewritten": outcome.rewritten, "unreadable": list(outcome.unreadable)}
    if drop_old and ring.source is not None:
        data["dropped"] = list(keys.drop_old(ring))
    data["old"] = list(ring.ids[1:])
    data["newest"] = ring.ids[0]
    return data


def _say_keys(data: dict[str, Any]) -> Iterator[str]:
    yield f"chaves de {data['source']}, a mais nova primeiro:"
    for key in data["keys"]:
        use = "grava e lê" if key["newest"] else "só lê"
        yield f"  {key['id']}  {use:<10}  {key['secrets']} segredos"
    for key in data["missing"]:
        yield f"  {key['id'] or '?':<8}  ausente     {key['secrets']} segredos que ninguém lê"


def _say_rotation(data: dict[str, Any]) -> Iterator[str]:
    if data["set_in_environment"]:
        yield "As chaves vêm de PORTAL_ENCRYPTION_KEYS. Para trocar:"
        yield "  1. ponha a chave nova NA FRENTE da atual, separada por vírgula:"
        yield f"     PORTAL_ENCRYPTION_KEYS={data['set_in_environment']},<a de hoje>"
        yield "  2. pare web, processos de envio e relógio, em todas as máquinas, e inicie-os;"
        yield "  3. rode portal keys rotate de novo: ele regrava os segredos;"
        yield "  4. tire a chave velha e reinicie."
        return
    if data["new_key"]:
        yield f"chave nova: {data['new_key']}"
    yield f"{data['rewritten']} segredos regravados com a chave {data['newest']}"
    for place in data["unreadable"]:
        yield f"✕ {place}: não pôde ser lido com nenhuma chave; digite-o de novo no portal"
    if data.get("dropped"):
        yield f"chaves velhas apagadas: {', '.join(data['dropped'])}"
    elif data["old"]:
        yield f"chaves velhas ainda guardadas: {', '.join(data['old'])} (cópias antigas as pedem)"

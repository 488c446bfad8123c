"""Imports every module that registers commands on `portal.cli.cli`."""

from portal.cli import (  # noqa: F401
    backup,
    base,
    boletos,
    bounces,
    config_file,
    doctor,
    finance,
    imports,
    keys,
    privacy,
    run,
    smtp,
    users,
)

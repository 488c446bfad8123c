"""Imports every module that registers commands on `portal.cli.cli`."""

from portal.cli import boletos, bounces, config_file, finance, imports, run, smtp, users  # noqa: F401

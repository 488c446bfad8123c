import io
import logging

import pytest

from portal.core.logs import FORMAT, LineFormatter, encode, install


@pytest.fixture
def lines():
    """Logs through our formatter; returns what was written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(FORMAT))
    logger = logging.getLogger("portal.tests.logs")
    logger.addHandler(handler)
    logger.propagate = False

    def write(*args, **options):
        logger.warning(*args, **options)
        return stream.getvalue()

    yield write
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("nul\0 bell\a del\x7f c1\x9b", "nul\\x00 bell\\x07 del\\x7f c1\\x9b"),
        ("line\u2028sep\u2029", "line\\u2028sep\\u2029"),
        ("right\u202eto left", "right\\u202eto left"),
        ("half \ud800", "half \\ud800"),
        ("João Araújo – R$ 10,00", "João Araújo – R$ 10,00"),
    ],
)
def test_control_characters_are_written_as_letters(raw, written):
    assert encode(raw) == written


def test_one_event_is_one_line_whatever_it_holds(lines):
    forged = "ana\n2026-11-24T00:00:00.000Z INFO portal [-] all is well"
    assert lines("refused: %s", forged).count("\n") == 1


def test_a_stack_cannot_forge_a_line_either(lines):
    try:
        raise ValueError("first\n2026-11-24T00:00:00.000Z INFO portal [-] \x1b[2Jall is well")
    except ValueError:
        text = lines("failed", exc_info=True)
    first, *rest = text.rstrip("\n").split("\n")
    assert first.endswith("failed")
    assert len(rest) > 2
    assert all(line.startswith("    | ") for line in rest)
    assert "\x1b" not in text


def test_a_line_names_the_request(app, lines):
    with app.test_request_context():
        from flask import g

        g.request_id = "abc123"
        assert "WARNING portal.tests.logs [abc123] hello" in lines("hello")


def test_outside_a_request_there_is_no_id(lines):
    assert "WARNING portal.tests.logs [-] hello" in lines("hello")


def test_installing_twice_writes_once(app):
    before = len(logging.getLogger().handlers)
    install(app)
    install(app)
    assert len(logging.getLogger().handlers) == max(before, 1)

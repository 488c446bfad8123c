"""The short form of `make chaos`."""

from pathlib import Path

from tests.faults import chaos


def test_random_kills_lose_repeat_exceed_and_hide_nothing(tmp_path: Path, fresh_database: str):
    sums = chaos.run(tmp_path, 15, 60, seed=4, database_url=fresh_database)
    assert str(sums) == "lost 0, silently repeated 0, over limit 0, untrue states 0"
    assert sums.kills > 10

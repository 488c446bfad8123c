"""A big run in real processes, each killed at a random place; the next one goes on at once."""

import os
import random
import subprocess
import sys
import time
from datetime import date

import pytest
from sqlalchemy import select

from portal import ROOT
from portal.core.crypto import new_key
from portal.core.db import db, reading
from portal.generation import service
from portal.generation.models import Generation, GenerationState
from portal.generation.orders import Order
from tests.factories import NOON, TODAY
from tests.generation.worlds import add_base, assert_whole

CONTRACTS, CHUNK, KILLS = 10_000, 300, 10


def carry_on(settings, generation_id: int) -> subprocess.Popen[str]:
    """A process that carries the run out, at the moment in which it begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.generation.carry_on", str(generation_id), str(CHUNK)],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "PORTAL_HOME": str(settings.home),
            "REDIS_URL": settings.redis_url,
            "DEMO": "0",
            "SECRET_KEY": "tests-only-secret-key",
            "PORTAL_ENCRYPTION_KEYS": new_key(),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def looked_at(app, generation_id: int) -> int:
    """How many contracts the run has done."""
    with app.app_context(), reading():
        query = select(Generation.contracts).where(Generation.id == generation_id)
        found = db.session.scalars(query).one()
        db.session.remove()
    return found


def wait_for(app, generation_id: int, contracts: int) -> None:
    end = time.monotonic() + 60
    while looked_at(app, generation_id) < contracts:
        assert time.monotonic() < end, "the run does not go on"
        time.sleep(0.01)


@pytest.mark.faults
def test_ten_thousand_contracts_killed_ten_times_end_complete(app, settings):
    with app.app_context():
        add_base(CONTRACTS)
        order = Order(date(2026, 12, 1))
        generation_id = service.request(order, today=TODAY, actor=None, now=NOON).id
        db.session.remove()
    chance, done = random.Random(5), 0
    for _ in range(KILLS):
        process = carry_on(settings, generation_id)
        wait_for(app, generation_id, done + chance.randint(0, 2) * CHUNK)
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.communicate()
        done = looked_at(app, generation_id)
    assert CHUNK < done < CONTRACTS  # killed in the middle of its work
    process = carry_on(settings, generation_id)
    process.communicate(timeout=300)
    assert process.returncode == 0
    with app.app_context():
        generation = db.session.get_one(Generation, generation_id)
        assert (generation.state, generation.contracts) == (GenerationState.DONE, CONTRACTS)
        assert_whole(generation)

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.cli import redis_server
from portal.core.config import Settings
from tests.support.forms import post
from tests.users.conftest import PASSWORD, counting, sign_in


def client_at(app, address):
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


def test_the_eleventh_wrong_password_for_an_account_waits_wherever_it_comes_from(limited, ana):
    for number in range(10):
        client = client_at(limited, f"192.0.2.{number}")
        assert sign_in(client, password="errada").status_code == 422
    answer = sign_in(client_at(limited, "192.0.2.99"), email=" ANA@example.com")
    assert answer.status_code == 429
    assert "Espere 15 minutos" in answer.text


def test_the_eleventh_wrong_password_from_an_address_waits_whatever_the_header_says(limited, ana):
    client = client_at(limited, "192.0.2.1")
    for number in range(10):
        forged = dict.fromkeys(("X-Forwarded-For", "X-Real-IP"), f"198.51.100.{number}")
        answer = sign_in(client, f"p{number}@example.com", "errada", headers=forged)
        assert answer.status_code == 422
    forged = {"X-Forwarded-For": "198.51.100.77"}
    assert sign_in(client, headers=forged).status_code == 429
    assert sign_in(client_at(limited, "192.0.2.2")).status_code == 303


def test_right_passwords_cost_nothing(limited, ana):
    for _ in range(12):
        assert sign_in(client_at(limited, "192.0.2.1")).status_code == 303


def test_ones_current_password_cannot_be_guessed_either(limited, ana):
    client = limited.test_client()
    sign_in(client)
    fields = {"current": "errada", "password": "outra frase longa", "repeated": "outra frase longa"}
    for _ in range(10):
        assert post(client, "/conta/senha", fields).status_code == 422
    assert post(client, "/conta/senha", fields | {"current": PASSWORD}).status_code == 429


def test_sign_in_hardly_waits_for_a_redis_that_is_away(limited, ana):
    options = limited.config["RATELIMIT_STORAGE_OPTIONS"]
    assert options["socket_connect_timeout"] + options["socket_timeout"] < 1
    assert options["retry"].get_retries() == 0
    assert sign_in(limited.test_client()).status_code == 303


# --- counted in Redis -----------------------------------------------------------------------------
@pytest.fixture
def with_redis(settings: Settings, tmp_path) -> Iterator[Settings]:
    """The settings of the tests with a real Redis on a socket of its own."""
    server = redis_server.find_redis(tmp_path, {"PATH": ""})
    assert isinstance(server, redis_server.PrivateRedis)
    with subprocess.Popen(server.argv, stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 20
        while not redis_server.answers(server.socket):
            assert time.monotonic() < end, "Redis does not answer"
            time.sleep(0.05)
        yield replace(settings, redis_url=server.url)
        process.terminate()


def wrong(client):
    return sign_in(client, password="errada").status_code


def test_processes_count_together_and_a_restart_forgets_nothing(app, ana, with_redis):
    with counting(with_redis) as one:
        assert [wrong(one.test_client()) for _ in range(6)] == [422] * 6
    with counting(with_redis) as other:
        assert [wrong(other.test_client()) for _ in range(5)] == [422] * 4 + [429]
        assert sign_in(other.test_client()).status_code == 429


def test_when_redis_goes_away_sign_in_goes_on(app, ana, with_redis, settings):
    with counting(with_redis) as portal:
        assert wrong(portal.test_client()) == 422
    gone = replace(with_redis, redis_url=with_redis.redis_url + ".gone")
    with counting(gone) as portal:
        assert [wrong(portal.test_client()) for _ in range(11)] == [422] * 10 + [429]

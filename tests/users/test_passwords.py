import pytest

from portal.core.errors import InvalidValue
from portal.users import passwords

EMAIL = "ana.souza@example.com"


@pytest.mark.parametrize(
    "password",
    [
        "curta123",
        "a" * 1025,
        "é" * 513,  # 1,026 bytes
        "aaaaaaaaaaaa",
        "ababababab",
        "1234567890",
        "abcdefghijkl",
        "zyxwvutsrq",
        "Senha12345",
        "FLAMENGO2026",
        EMAIL,
        "ANA.SOUZA@EXAMPLE.COM",
    ],
)
def test_a_weak_or_huge_password_is_refused_by_name_of_the_field(password):
    with pytest.raises(InvalidValue) as refused:
        passwords.check_new(password, email=EMAIL, field="password")
    assert refused.value.field == "password"


def test_the_part_before_the_at_is_no_password_either():
    with pytest.raises(InvalidValue, match="próprio e-mail"):
        passwords.check_new("fernando.costa", email="Fernando.Costa@example.com")


@pytest.mark.parametrize("password", ["cavalo bateria grampo", "x7#kQ9!mZ2", "ção!" * 170])
def test_a_long_or_mixed_password_is_accepted(password):
    passwords.check_new(password, email=EMAIL)


def test_two_passwords_that_share_their_first_72_bytes_are_different():
    start = "x" * 72
    kept = passwords.hash_password(start + "a")
    assert passwords.matches(kept, start + "a")
    assert not passwords.matches(kept, start + "b")


def test_nobody_matches_and_an_account_without_password_neither():
    assert not passwords.matches(None, "qualquer")
    assert not passwords.matches("!", "qualquer")
    assert not passwords.matches("", "")


def test_the_stand_in_for_nobody_costs_as_much_as_todays_hashes():
    assert not passwords.is_outdated(passwords._NOBODY)
    assert passwords.is_outdated(passwords._NOBODY.replace("t=3", "t=2"))


def test_generated_passwords_are_strong_readable_and_never_the_same():
    made = {passwords.generate() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check_new(password, email=EMAIL)
        assert not set(password) & set("0O1lI")

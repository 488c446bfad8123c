"""Notifications as mail servers write them, and mails that only look like one."""

import random
import time

import pytest

from portal.deliveries.bounces.parse import MAX_BYTES, may_be_notification, parse
from portal.deliveries.bounces.reasons import UNKNOWN, reason
from tests.bounces.conftest import SAMPLES, sample

NOT_FOUND = "O endereço do destinatário não existe."


@pytest.mark.parametrize(
    ("name", "recipient", "status", "number", "why"),
    [
        ("postfix", "maria@cliente.example", "5.1.1", 1, NOT_FOUND),
        (
            "sendmail",
            "jose@naoexiste.example",
            "5.1.2",
            2,
            "O domínio do destinatário não existe ou não recebe e-mail.",
        ),
        (
            "gmail",
            "ana@gmail.example",
            "5.2.2",
            3,
            "A caixa de e-mail do destinatário está cheia.",
        ),
        ("m365", "paulo@empresa.example", "5.1.10", 4, NOT_FOUND),
        (
            "exim",
            "carla@cliente.example",
            "5.2.1",
            5,
            "A caixa de e-mail do destinatário está desativada.",
        ),
        ("locaweb", "pedro@cliente.example", "5.1.1", 6, NOT_FOUND),
        (
            "expired",
            "maria@cliente.example",
            "4.4.1",
            1,
            "O servidor do destinatário não pôde ser alcançado, ou não aceitou a tempo.",
        ),
    ],
)
def test_a_bounce_is_read_whoever_wrote_it(name, recipient, status, number, why):
    (fact,) = parse(sample(name))
    assert (fact.recipient, fact.action, fact.status) == (recipient, "failed", status)
    assert fact.original_id == f"<boleto.{number}@pontual.example.com>"
    assert reason(fact.status, fact.diagnostic) == why
    assert fact.permanent == status.startswith("5")


def test_the_diagnostic_is_the_servers_reply_in_one_line():
    (fact,) = parse(sample("postfix"))
    assert fact.diagnostic == (
        "550 5.1.1 <maria@cliente.example>: Recipient address rejected: "
        "User unknown in virtual mailbox table"
    )
    (exim,) = parse(sample("exim"))
    expected = "550 5.2.1 The email account that you tried to reach is disabled"
    assert exim.diagnostic == expected


def test_a_delay_is_not_a_failure():
    (fact,) = parse(sample("delayed"))
    assert (fact.action, fact.failed, fact.permanent) == ("delayed", False, False)
    assert fact.original_id == "<boleto.1@pontual.example.com>"


def test_each_recipient_of_one_notification_is_told_apart():
    facts = parse(sample("several"))
    assert [(f.recipient, f.action, f.status) for f in facts] == [
        ("um@cliente.example", "failed", "5.7.1"),  # better than the 5.0.0 of its field
        ("dois@cliente.example", "delayed", "4.2.2"),  # as we wrote it, not where it was sent on
        ("quatro@cliente.example", "failed", "5.1.1"),  # without Action
    ]
    assert len({fact.notification_id for fact in facts}) == 3


@pytest.mark.parametrize("name", ["out_of_office", "read_receipt", "malformed", "forwarded"])
def test_other_mails_are_no_bounces(name):
    assert parse(sample(name)) == []


def test_an_ordinary_mail_is_not_even_fetched():
    header = b"From: Maria <maria@example.com>\nSubject: Re: Seu boleto\nMessage-ID: <1@a>\n\n"
    assert not may_be_notification(header)


@pytest.mark.parametrize("name", ["postfix", "sendmail", "gmail", "m365", "exim", "locaweb"])
def test_the_header_alone_shows_that_it_may_be_one(name):
    assert may_be_notification(sample(name).partition(b"\n\n")[0] + b"\n\n")


def test_without_the_header_of_the_original_the_thread_names_it():
    mail = sample("gmail").replace(b"X-Original-Message-ID", b"X-Other")
    assert parse(mail)[0].original_id == "<boleto.3@pontual.example.com>"
    nothing = mail.replace(b"In-Reply-To", b"X-A").replace(b"References", b"X-B")
    assert parse(nothing)[0].original_id == ""


def test_a_person_who_writes_about_a_failure_is_not_believed():
    mail = sample("locaweb").replace(b"MAILER-DAEMON@", b"joana@")
    assert parse(mail) == []


def test_the_same_mail_has_the_same_name_and_another_mail_another():
    without = sample("postfix").replace(b"Message-Id: <4Fz1Qk2p0Xz9@", b"X-No-Id: <")
    first, again = parse(without)[0], parse(without)[0]
    other = parse(without.replace(b"11:58:03", b"11:58:04"))[0]
    assert first.notification_id == again.notification_id != other.notification_id
    assert first.notification_id.startswith("sha256:")
    assert len(first.notification_id) <= 200


def test_what_the_status_alone_says():
    assert reason("5.1.1", "") == NOT_FOUND
    assert reason("5.7.1", "") == "O servidor do destinatário recusou a mensagem pelas regras dele."
    assert reason("", "") == UNKNOWN
    assert reason("5.0.0", "554 delivery error") == UNKNOWN
    assert reason("", "550 No such user here") == NOT_FOUND


def test_nothing_that_can_be_mailed_raises():
    numbers = random.Random(7)
    samples = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]
    for _ in range(400):
        data = bytearray(numbers.choice(samples))
        for _ in range(numbers.randint(1, 30)):
            data[numbers.randrange(len(data))] = numbers.randrange(256)
        facts = parse(bytes(data[: numbers.randrange(len(data))]))
        assert all(len(fact.recipient) <= 254 and "@" in fact.recipient for fact in facts)
        may_be_notification(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 1000,
        b"Content-Type: message/rfc822\n\n" * 3000,
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n)
                 for n in range(3000)),
        b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\n",
        b"X-Failed-Recipients: " + b"a@b.example," * 20_000 + b"\n\n",
        b"From: mailer-daemon@a\nSubject: failure notice\n\n" + b"<a@b>:\n550 no\n" * 20_000,
        b"From: mailer-daemon@a\nSubject: failure notice\n\n" + b"<" * 200_000 + b"@",
        b"From: mailer-daemon@a\nSubject: failure notice\n\n" + b"-" * 200_000 + b"\n",
    ],
)  # fmt: skip
def test_hostile_mails_cost_little(data):
    start = time.perf_counter()
    assert len(parse(data)) <= 50
    assert time.perf_counter() - start < 5


def test_only_the_beginning_of_a_huge_mail_is_read():
    attachment = b"JVBERi0xLjQK" * 100 + b"\n"
    mail = sample("postfix").replace(b"JVBERi0xLjQK\n", attachment * (2 * MAX_BYTES // 1200))
    (fact,) = parse(mail)
    assert fact.original_id == "<boleto.1@pontual.example.com>"

from datetime import timedelta

import pytest

from portal.smtp.causes import CAUSES
from portal.smtp.failures import REPLY_LIMIT, Kind, visible, visible_reply
from portal.smtp.replies import refusal
from portal.smtp.reply_rules import RULES
from portal.smtp.stages import Stage

G, T, L = Stage.GREETING, Stage.TLS, Stage.LOGIN
M, R, D, A = Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.ACCEPTED
TEMP, PERM, ACCOUNT, UNCERTAIN = Kind.TEMPORARY, Kind.PERMANENT, Kind.ACCOUNT, Kind.UNCERTAIN


@pytest.mark.parametrize(
    ("stage", "reply", "kind", "cause"),
    [
        # the bare codes, as the table of faults has them
        (G, "421 busy", TEMP, "try_later"),
        (G, "554 no", TEMP, "refused"),
        (T, "454 TLS not available", TEMP, "try_later"),
        (T, "502 not implemented", ACCOUNT, "starttls_missing"),
        (L, "535 no", ACCOUNT, "wrong_password"),
        (L, "454 4.7.0 Temporary authentication failure", TEMP, "server_trouble"),
        (M, "421 closing", TEMP, "try_later"),
        (M, "550 no", PERM, "refused"),
        (R, "450 busy", TEMP, "try_later"),
        (R, "451 local error", TEMP, "try_later"),
        (R, "452 too many", TEMP, "try_later"),
        (R, "550 no", PERM, "recipient_refused"),
        (D, "454 no", TEMP, "try_later"),
        (D, "554 no", PERM, "refused"),
        (A, "451 try later", TEMP, "try_later"),
        (A, "554 no", PERM, "refused"),
        # an answer that is none
        (R, "354 what", TEMP, "garbage"),
        (R, "650 what", TEMP, "garbage"),
        (A, "354 what", UNCERTAIN, "uncertain"),
    ],
)
def test_stage_and_code_decide_the_kind(stage: Stage, reply: str, kind: Kind, cause: str) -> None:
    failure = refusal(stage, int(reply[:3]), reply)
    assert (failure.kind, failure.cause) == (kind, cause)
    assert (failure.stage, failure.code, failure.reply) == (stage, int(reply[:3]), reply)


@pytest.mark.parametrize(
    ("stage", "reply", "kind", "cause"),
    [
        # Gmail and Workspace
        (L, "534 5.7.9 Application-specific password required.", ACCOUNT, "app_password_required"),
        (L, "535 5.7.8 Username and Password not accepted.", ACCOUNT, "wrong_password"),
        (L, "534 5.7.14 Please log in via your web browser", ACCOUNT, "account_blocked"),
        (L, "454 4.7.0 Too many login attempts, please try again later.", TEMP, "login_throttled"),
        (D, "550 5.4.5 Daily user sending limit exceeded.", ACCOUNT, "quota"),
        (R, "550 5.4.5 Daily SMTP relay limit exceeded for customer.", ACCOUNT, "quota"),
        (A, "550 5.7.30 This message does not have DKIM", ACCOUNT, "sender_unauthenticated"),
        (A, "550 5.7.26 sender is unauthenticated", ACCOUNT, "sender_unauthenticated"),
        (R, "550 5.1.1 The email account that you tried to reach does not exist.", PERM,
         "mailbox_not_found"),
        (R, "452 4.2.2 The email account that you tried to reach is over quota.", TEMP,
         "mailbox_full"),
        (R, "552 5.2.2 The recipient's inbox is out of storage space", PERM, "mailbox_full"),
        (A, "552 5.7.0 Blocked because its content presents a potential security issue.", PERM,
         "content_refused"),
        (R, "450 4.2.1 The user you are trying to contact is receiving mail too quickly.", TEMP,
         "rate_limited"),
        # Microsoft 365
        (L, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for "
            "the Tenant.", ACCOUNT, "smtp_auth_disabled"),
        (L, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", ACCOUNT,
         "smtp_auth_disabled"),
        (L, "535 5.7.3 Authentication unsuccessful", ACCOUNT, "wrong_password"),
        (M, "530 5.7.57 Client not authenticated to send mail", ACCOUNT, "auth_required"),
        (A, "554 5.2.252 SendAsDenied; a@b.c not allowed to send as d@e.f", ACCOUNT,
         "sender_refused"),
        (A, "550 5.7.60 Client does not have permissions to send as this sender", ACCOUNT,
         "sender_refused"),
        (A, "550 5.1.8 Access denied, bad outbound sender", ACCOUNT, "account_blocked"),
        (A, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", ACCOUNT,
         "quota"),
        (M, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", TEMP, "rate_limited"),
        (A, "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
         TEMP, "rate_limited"),
        # Amazon SES
        (L, "535 Authentication Credentials Invalid", ACCOUNT, "wrong_password"),
        (A, "454 Throttling failure: Maximum sending rate exceeded.", TEMP, "rate_limited"),
        (A, "454 Throttling failure: Daily message quota exceeded.", ACCOUNT, "quota"),
        (A, "554 Message rejected: Email address is not verified.", ACCOUNT, "sender_not_verified"),
        # Zoho
        (L, "535 Authentication Failed", ACCOUNT, "wrong_password"),
        (A, "550 5.4.6 Unusual sending activity detected.", ACCOUNT, "account_blocked"),
        (M, "553 Relaying disallowed as fulano@example.com", ACCOUNT, "sender_refused"),
        # Brazilian hosts
        (R, "550 Limite de envio de e-mails por hora excedido", ACCOUNT, "quota"),
        (R, "451 Voce excedeu o limite de envio diario", ACCOUNT, "quota"),
        (R, "452 Sender is throttled", ACCOUNT, "quota"),
        (L, "535 Usuário ou senha inválida", ACCOUNT, "wrong_password"),
        (M, "550 Remetente não autorizado", ACCOUNT, "sender_refused"),
        (R, "550 Usuario inexistente", PERM, "mailbox_not_found"),
        (R, "552 Caixa postal cheia", PERM, "mailbox_full"),
        # Postfix
        (R, "550 5.1.1 <x@y.z>: Recipient address rejected: User unknown in virtual mailbox table",
         PERM, "mailbox_not_found"),
        (R, "450 4.1.2 <x@y.z>: Recipient address rejected: Domain not found", TEMP,
         "domain_not_found"),
        (R, "450 4.2.0 <x@y.z>: Recipient address rejected: Greylisted", TEMP, "greylisted"),
        (R, "554 5.7.1 <x@y.z>: Relay access denied", ACCOUNT, "relay_denied"),
        (R, "553 5.7.1 <a@b.c>: Sender address rejected: not owned by user d", ACCOUNT,
         "sender_refused"),
        (R, "450 4.1.8 <a@b.c>: Sender address rejected: Domain not found", TEMP,
         "sender_refused"),
        (R, "554 5.7.1 Service unavailable; Client host [1.2.3.4] blocked using zen.spamhaus.org",
         ACCOUNT, "blocked_ip"),
        (M, "530 5.7.0 Must issue a STARTTLS command first", ACCOUNT, "tls_required"),
        (M, "552 5.3.4 Message size exceeds fixed limit", PERM, "message_too_big"),
        (M, "452 4.3.1 Insufficient system storage", TEMP, "server_trouble"),
        # Exim, cPanel
        (L, "535 Incorrect authentication data", ACCOUNT, "wrong_password"),
        (R, "550 Unrouteable address", PERM, "mailbox_not_found"),
        (R, "550 relay not permitted", ACCOUNT, "relay_denied"),
        (A, "550 Domain example.com has exceeded the max emails per hour (200/200 (100%)) allowed.",
         ACCOUNT, "quota"),
        (A, "554 This message looks like spam", PERM, "blocked_spam"),
    ],
)  # fmt: skip
def test_providers_texts_name_the_cause(stage: Stage, reply: str, kind: Kind, cause: str) -> None:
    failure = refusal(stage, int(reply[:3]), reply)
    assert (failure.kind, failure.cause) == (kind, cause)


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        ("450 4.2.0 Greylisted, try again in 300 seconds", timedelta(seconds=300)),
        ("451 4.7.1 Greylisting in action, please come back in 00:02:00", timedelta(minutes=2)),
        ("451 tente novamente em 10 minutos", timedelta(minutes=10)),
        ("451 try again in 99999 hours", timedelta(days=1)),
        ("450 4.2.0 Greylisted", timedelta(minutes=5)),
        ("454 Throttling failure: Daily message quota exceeded.", timedelta(days=1)),
        ("550 5.4.5 Daily user sending limit exceeded.", timedelta(days=1)),
        ("451 Hourly limit exceeded", timedelta(hours=1)),
        ("450 busy", None),
    ],
)
def test_how_long_to_wait_is_taken_from_the_text(reply: str, wait: timedelta | None) -> None:
    assert refusal(Stage.RCPT, int(reply[:3]), reply).retry_after == wait


def test_every_rule_leads_to_an_explained_cause() -> None:
    assert {rule.cause for rule in RULES} <= CAUSES.keys()


def test_a_reply_of_many_lines_reads_as_one() -> None:
    lines = [
        b"5.4.5 Daily user sending limit exceeded. For more",
        b"5.4.5 information go to",
        b"5.4.5  x",
    ]
    assert visible_reply(550, lines) == (
        "550 5.4.5 Daily user sending limit exceeded. For more information go to x"
    )


def test_what_a_server_says_is_shown_printable_and_bounded() -> None:
    shown = visible(b"a\x1b[31m\r\n\x00\xe7\xff" + b"x" * 10_000)
    assert shown.startswith("a\\x1b[31m\\r\\n\\x00çÿ")
    assert len(shown) == REPLY_LIMIT
    assert shown.isprintable()
    assert visible("caixa\u202e\u2028 cheia") == "caixa\\u202e\\u2028 cheia"
    assert visible("ção".encode()) == "ção"

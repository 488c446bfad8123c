"""`portal config apply|show` and `portal smtp test`, over the test database."""

import json
import tomllib
from pathlib import Path

import pytest

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import PortalError
from portal.settings import service as settings_service
from portal.settings.models import DeliveryType
from portal.smtp import accounts, service
from portal.smtp.models import Security, SmtpAccount, SmtpTest
from portal.wallets.models import Wallet
from tests.factories import create_account
from tests.support.smtp_server import Fault, ScriptedServer

SECRET = "s3gredo-que-nunca-aparece"
SMALL = """
[company]
name = "Rede Exemplo LTDA"
cpf_cnpj = "11.222.333/0001-81"

[general]
default_delivery_type = "email"

[financial]
smtp_account = "Financeiro"

[[wallets]]
name = "1"
bank_code = "341"
agencia = "1234"
conta = "12345"
conta_dv = "6"
carteira = "109"
fine_percent = "2.00"
email_on_generation = true

[[smtp_accounts]]
name = "Financeiro"
host = "smtp.example.com"
username = "financeiro@example.com"
password = "s3gredo-que-nunca-aparece"
subject = "Boleto"
body = '''Linha com "aspas" e \\\\ barra

#boletos_tabela#'''
"""


def problem_of(result):
    assert isinstance(result.exception, PortalError), result.output
    message = str(result.exception)
    assert "\n" not in message
    return message


def everything(app):
    """Every version and stamp that an apply without changes must leave alone."""
    with app.app_context():
        return [
            db.session.execute(db.select(table)).all()
            for table in (
                SmtpAccount.__table__,
                Wallet.__table__,
                AuditEvent.__table__,
                db.metadata.tables["general_settings"],
                db.metadata.tables["financial_settings"],
            )
        ]


def test_a_file_sets_everything_up(app, run, write):
    result = run("config", "apply", write(SMALL))
    assert result.exit_code == 0, result.output
    with app.app_context():
        account = accounts.by_name("Financeiro")
        assert accounts.password_of(account, service.settings().keys) == SECRET
        # what the file leaves out has its default
        assert account.sender_address == "financeiro@example.com"
        assert (account.port, account.security) == (587, Security.STARTTLS)
        assert (account.hourly_limit, account.daily_limit) == (200, 2000)
        assert account.body == 'Linha com "aspas" e \\\\ barra\n\n#boletos_tabela#'
        general = settings_service.general()
        assert general.company_cpf_cnpj == "11222333000181"
        assert general.default_delivery_type == DeliveryType.EMAIL
        assert settings_service.financial().smtp_account_id == account.id
        assert db.session.query(Wallet).one().email_on_generation
        actors = {event.actor_name for event in db.session.query(AuditEvent)}
        assert actors == {"linha de comando"}


def test_the_second_time_nothing_changes_at_all(app, run, write):
    file = write(SMALL)
    run("config", "apply", file)
    before = everything(app)
    result = run("config", "apply", file)
    assert "sem mudanças" in result.output.splitlines()[-1]
    assert everything(app) == before
    report = json.loads(run("config", "apply", file, "--json").output)
    assert report["changed"] is False
    assert {item["action"] for item in report["tables"]} == {"unchanged"}


def test_only_what_changed_is_reported_and_audited(app, run, write):
    run("config", "apply", write(SMALL))
    changed = SMALL.replace('conta = "12345"', 'conta = "54321"').replace('"Boleto"', '"Conta"')
    report = json.loads(run("config", "apply", write(changed), "--json").output)
    actions = {item["table"]: (item["action"], item["keys"]) for item in report["tables"]}
    assert actions["wallets"] == ("changed", ["conta"])
    assert actions["smtp_accounts"] == ("changed", ["subject"])
    assert actions["company"] == ("unchanged", [])


def test_keys_left_out_keep_what_people_set_on_screen(app, run, write):
    run("config", "apply", write(SMALL))
    with app.app_context():
        account = accounts.by_name("Financeiro")
        service.change(account.id, {"hourly_limit": 77}, account.version, None, account.created_at)
    run("config", "apply", write(SMALL))
    with app.app_context():
        assert accounts.by_name("Financeiro").hourly_limit == 77


def test_numbering_that_moved_on_stays_where_it_is(app, run, write):
    text = SMALL.replace('carteira = "109"', 'carteira = "109"\nnext_nosso_numero = 100')
    run("config", "apply", write(text))
    with app.app_context():
        assert db.session.query(Wallet).one().next_nosso_numero == 100
        db.session.query(Wallet).one().next_nosso_numero = 350
        db.session.commit()
    result = run("config", "apply", write(text))
    assert "sem mudanças" in result.output
    with app.app_context():
        assert db.session.query(Wallet).one().next_nosso_numero == 350


def test_show_prints_a_file_that_apply_accepts_without_the_password(app, run, write):
    run("config", "apply", write(SMALL))
    shown = run("config", "show")
    assert SECRET not in shown.output
    assert "v1." not in shown.output
    assert "# password: há uma guardada" in shown.output
    parsed = tomllib.loads(shown.output)
    assert (
        parsed["smtp_accounts"][0]["body"] == 'Linha com "aspas" e \\\\ barra\n\n#boletos_tabela#'
    )
    before = everything(app)
    assert "sem mudanças" in run("config", "apply", write(shown.output)).output.splitlines()[-1]
    assert everything(app) == before
    data = json.loads(run("config", "show", "--json").output)
    assert data["smtp_accounts"][0]["password_set"] is True
    assert "password" not in data["smtp_accounts"][0]


def test_show_of_an_empty_portal_can_be_applied(app, run, write):
    shown = run("config", "show").output
    assert run("config", "apply", write(shown)).exit_code == 0


@pytest.mark.parametrize(
    "text", ["a\tb", 'as"pas', "bar\\ra", "linha 1\nlinha 2", "\n\nno fim\n", "é#ü\x7f", '"""', ""]
)
def test_every_text_survives_the_way_out_and_back(text):
    from portal.cli.config_toml import to_toml

    lines = "\n".join(to_toml({"t": {"key": text}, "l": [{"keys": [text, text]}]}))
    assert tomllib.loads(lines) == {"t": {"key": text}, "l": [{"keys": [text, text]}]}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('name = "1"', 'nome = "1"', ["[[wallets]]", "nome não existe", "name"]),
        ("[company]", "[compani]", ["compani não existe", "company"]),
        ("conta_dv", "conta_vd", ["conta_vd não existe", "Você quis dizer conta_dv?"]),
        ('"1234"', "1234", ["agencia", "entre aspas"]),
        ('"1234"', '"12x4"', ["[[wallets]] “1”, agencia", "só números"]),
        ('"email"', '"e-mail"', ["default_delivery_type", '"email", "printed"']),
        ("= true", '= "sim"', ["email_on_generation", "true ou false"]),
        ('"2.00"', '"10"', ["fine_percent", "2,00"]),
        ('"2.00"', '"2.001"', ["fine_percent", "duas casas"]),
        ('"2.00"', '"NaN"', ["fine_percent", "duas casas"]),
        ("0001-81", "0001-82", ["[company], cpf_cnpj", "dígito"]),
        ('smtp_account = "Financeiro"', 'smtp_account = "Outra"', ["[financial]", "“Outra”"]),
        ("#boletos_tabela#", "#boleto_tabela#", ["Linha 3, coluna 1", "#boletos_tabela#"]),
        ('"smtp.example.com"', '"smtp.example.com:25"', ["host", "porta"]),
        ("[[wallets]]", "[wallets]", ["[[wallets]]", "dois colchetes"]),
        ('password = "', 'password_env = "X"\npassword = "', ["não os dois"]),
        ('name = "Rede', 'name = "Rede\n', ["não é TOML válido", "linha 3"]),
    ],
)
def test_what_is_wrong_is_named_with_its_cure_and_nothing_is_written(
    app, run, write, before, after, words
):
    assert before in SMALL
    message = problem_of(run("config", "apply", write(SMALL.replace(before, after, 1))))
    for word in ("setup.toml", *words):
        assert word in message
    with app.app_context():
        assert db.session.query(SmtpAccount).count() == 0
        assert settings_service.general().version == 0


def test_all_problems_are_told_at_once_and_good_parts_are_not_written_either(app, run, write):
    text = SMALL.replace('"1234"', '"12x4"').replace("0001-81", "0001-80")
    message = problem_of(run("config", "apply", write(text)))
    assert "2 problemas" in message
    with app.app_context():
        assert db.session.query(SmtpAccount).count() == 0


def test_a_name_twice_is_refused(run, write):
    wallet = SMALL[SMALL.index("[[wallets]]") : SMALL.index("[[smtp")]
    assert "duas vezes" in problem_of(run("config", "apply", write(SMALL + wallet)))


def test_the_password_comes_from_the_environment_or_is_asked_for_by_name(app, run, write):
    file = write(SMALL.replace(f'password = "{SECRET}"', 'password_env = "PONTUAL_TEST_PASSWORD"'))
    message = problem_of(run("config", "apply", file))
    assert "PONTUAL_TEST_PASSWORD não está definida" in message
    result = run("config", "apply", file, PONTUAL_TEST_PASSWORD=SECRET)
    assert SECRET not in result.output
    with app.app_context():
        account = accounts.by_name("Financeiro")
        assert accounts.password_of(account, service.settings().keys) == SECRET


def test_a_bank_field_that_the_bank_does_not_use_is_ignored_with_a_warning(app, run, write):
    file = write(SMALL.replace('conta_dv = "6"', 'conta_dv = "6"\nposto = "08"'))
    assert "não usa posto" in run("config", "apply", file).output
    assert "sem mudanças" in run("config", "apply", file).output


def test_a_file_in_another_encoding_or_too_big_is_refused(run, tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes('[company]\nname = "São"'.encode("cp1252"))
    assert "UTF-8" in problem_of(run("config", "apply", path))
    path.write_bytes(b"#" * 3_000_000)
    assert "2 MB" in problem_of(run("config", "apply", path))


def test_usage_errors_exit_2(run):
    assert run("config", "apply").exit_code == 2
    assert run("config", "apply", "/does/not/exist.toml").exit_code == 2


def test_the_example_of_the_documentation_is_accepted_and_idempotent(app, run, shared_data: Path):
    file = shared_data / "setup.example.toml"
    result = run("config", "apply", file, SMTP_PASSWORD=SECRET)
    assert result.exit_code == 0, result.output
    before = everything(app)
    run("config", "apply", file, SMTP_PASSWORD=SECRET)
    assert everything(app) == before
    with app.app_context():
        wallets = {row.name: row for row in db.session.query(Wallet)}
        assert {name: row.bank_code for name, row in wallets.items()} == {
            "1": "341",
            "2": "001",
            "3": "748",
        }
        assert not wallets["2"].email_on_generation


# --- portal smtp test -----------------------------------------------------------------------------


def test_smtp_test_prints_stages_and_exits_0_when_accepted(app, run):
    with ScriptedServer() as server:
        with app.app_context():
            create_account(name="Local", port=server.port, test_recipient="eu@example.com")
        result = run("smtp", "test", "Local")
    assert result.exit_code == 0, result.output
    assert "✓ Destinatário" in result.output
    assert "aceito pelo servidor para eu@example.com" in result.output
    assert server.recipients == {"eu@example.com": 1}


def test_smtp_test_exits_1_with_cause_and_cure_when_refused(app, run):
    with ScriptedServer(Fault("rcpt", text="550 5.1.1 no such user")) as server:
        with app.app_context():
            create_account(name="Local", port=server.port)
        result = run("smtp", "test", "Local", "--to", "x@example.com", "--json")
    assert result.exit_code == 1
    data = json.loads(result.output)
    assert (data["accepted"], data["recipient"]) == (False, "x@example.com")
    assert data["cause"]
    assert data["cure"]
    assert "no such user" in data["reply"]
    with app.app_context():
        assert db.session.query(SmtpTest).one().requested_by == "linha de comando"


def test_smtp_test_of_an_unknown_account_names_those_that_exist(app, run):
    with app.app_context():
        create_account(name="Financeiro")
    assert "“Financeiro”" in problem_of(run("smtp", "test", "Financero"))


def test_smtp_test_without_a_recipient_says_what_is_missing(app, run):
    with app.app_context():
        create_account(name="Local")
    assert "para qual e-mail" in problem_of(run("smtp", "test", "Local"))


OAUTH = SMALL.replace(
    'password = "s3gredo-que-nunca-aparece"',
    """auth_method = "xoauth2"
minute_limit = 30
oauth_token_url = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
oauth_client_id = "app-1"
oauth_client_secret_env = "APP_SECRET"
oauth_refresh_token_env = "APP_TOKEN"
oauth_scope = "https://outlook.office.com/SMTP.Send offline_access\"""",
)


def test_oauth_comes_from_the_file_with_its_secrets_from_the_environment(app, run, write):
    env = {"APP_SECRET": SECRET, "APP_TOKEN": "refresh-token-1"}
    assert run("config", "apply", write(OAUTH), **env).exit_code == 0
    with app.app_context():
        account = accounts.by_name("Financeiro")
        assert (account.auth_method.value, account.minute_limit) == ("xoauth2", 30)
        keys = service.settings().keys
        assert accounts.secret_of(account, "oauth_client_secret", keys) == SECRET
        assert accounts.secret_of(account, "oauth_refresh_token", keys) == "refresh-token-1"
    shown = run("config", "show").output
    assert not any(text in shown for text in (SECRET, "refresh-token-1", "v1."))
    assert "# oauth_refresh_token: há um guardado" in shown
    before = everything(app)
    assert "sem mudanças" in run("config", "apply", write(shown)).output.splitlines()[-1]
    assert everything(app) == before


def test_a_secret_missing_from_the_environment_is_named(app, run, write):
    result = run("config", "apply", write(OAUTH), APP_SECRET=SECRET, APP_TOKEN="")
    assert result.exit_code == 1
    assert "oauth_refresh_token_env" in str(result.exception or result.output)


def test_a_limit_per_minute_of_zero_is_none(app, run, write):
    run("config", "apply", write(SMALL.replace('host = "', 'minute_limit = 5\nhost = "')))
    run("config", "apply", write(SMALL.replace('host = "', 'minute_limit = 0\nhost = "')))
    with app.app_context():
        assert accounts.by_name("Financeiro").minute_limit is None

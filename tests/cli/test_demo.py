"""The demo company: loaded once into an empty base, and ready to generate."""

import threading
from datetime import date

from sqlalchemy import func, select

from portal.checklist.probes import check
from portal.cli.demo import load_demo
from portal.cli.demo_people import people, with_check_digits
from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.db import db
from portal.core.documents import parse_cpf_cnpj
from portal.deliveries.eligibility import Status
from portal.generation.orders import Order
from portal.generation.planning import make_plan
from portal.settings.models import GeneralSettings
from portal.smtp.models import SmtpAccount
from portal.wallets.models import Wallet
from tests.factories import NOON, TODAY, create_account, create_client, create_settings


def count(table):
    return db.session.scalar(select(func.count()).select_from(table))


def test_an_empty_base_becomes_the_demo_company_once(session, settings):
    assert load_demo(settings, NOON)
    assert (count(Client), count(Contract), count(Wallet), count(SmtpAccount)) == (40, 50, 3, 1)
    assert not load_demo(settings, NOON)
    assert (count(Client), count(Contract)) == (40, 50)


def test_nothing_is_loaded_over_what_people_entered(session, settings):
    create_client()
    assert not load_demo(settings, NOON)
    assert count(SmtpAccount) == 0


def test_a_configured_company_or_an_account_is_enough_to_stay_out(session, settings):
    create_account()
    assert not load_demo(settings, NOON)
    assert count(Client) == 0
    create_settings()
    assert not load_demo(settings, NOON)


def test_the_parameters_saved_empty_do_not_keep_the_demo_out(session, settings):
    session.add(GeneralSettings(id=1))
    session.commit()
    assert load_demo(settings, NOON)
    assert session.get(GeneralSettings, 1).company_name == "Rede Exemplo LTDA"


def test_the_demo_is_ready_to_generate_and_leaves_something_to_see(session, settings):
    load_demo(settings, NOON)
    found = check(NOON)
    assert found.ready
    statuses = {item.code: item.status for item in found.requirements}
    assert statuses["wallet_email_on_generation"] == Status.WARNING
    assert statuses["smtp_account_usable"] == Status.UNTESTED
    plan = make_plan(Order(date(2026, 12, 1)), TODAY, NOON)
    assert (plan.contracts, len(plan.titles), plan.printed) == (50, 47, 3)
    assert dict(plan.not_sent) == {"client_email": 3, "wallet_email_on_generation": 3}
    assert all(title.sequence for title in plan.titles)  # every wallet makes boletos


def test_the_account_sends_to_the_local_inbox(session, settings):
    load_demo(settings, NOON)
    account = session.scalars(select(SmtpAccount)).one()
    assert (account.host, account.port) == ("127.0.0.1", settings.inbox_smtp_port)
    assert not account.requires_auth


def test_invented_people_have_valid_documents_and_example_addresses():
    for person in people():
        assert parse_cpf_cnpj(person.cpf_cnpj) == person.cpf_cnpj
        assert "@" not in person.emails or person.emails.endswith("@example.com")
    assert len({person.cpf_cnpj for person in people()}) == 40


def test_check_digits_follow_the_rule():
    assert with_check_digits("529982247", 11) == "52998224725"
    assert with_check_digits("112223330001", 9) == "11222333000181"


def test_two_processes_at_once_load_it_once(app, settings):
    start, loaded = threading.Barrier(2), []

    def load():
        with app.app_context():
            start.wait(10)
            loaded.append(load_demo(settings, NOON))
            db.session.remove()

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(loaded) == [False, True]
    with app.app_context():
        assert (count(Client), count(Contract)) == (40, 50)

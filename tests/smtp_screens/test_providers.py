"""Presets of common providers: sound values, a source, and everything editable."""

from urllib.parse import urlsplit

import pytest

from portal.deliveries.limits import HOUR
from portal.smtp import accounts, pace
from portal.smtp.account_rules import FITTING_SECURITY, account_problems, account_warnings
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.models import AuthMethod
from portal.smtp.providers import BY_KEY, PRESETS, presets_of
from tests.factories import NOON, create_account, create_message
from tests.smtp_screens.fields import account_fields
from tests.support.forms import post

NEW = "/configuracoes/smtp/nova"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_preset_makes_an_account_that_can_be_saved(preset):
    people = {"name": "X", "username": "a@example.com", "sender_address": "a@example.com"}
    secrets = {"password": "x", "oauth_client_id": "x", "oauth_refresh_token": "x"}
    values = {**accounts.DEFAULTS, **preset.values, **people, **secrets}
    assert list(account_problems(values, DestinationPolicy())) == []
    assert list(account_warnings(values)) == []
    assert FITTING_SECURITY[preset.port] == preset.security


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_preset_names_its_source(preset):
    assert urlsplit(preset.source).scheme == "https"
    assert preset.note.endswith(".")


def test_the_limits_are_those_that_the_providers_publish():
    assert BY_KEY["gmail"].values["daily_limit"] == 500
    assert BY_KEY["google-workspace"].values["daily_limit"] == 2_000
    microsoft = BY_KEY["microsoft-365"].values
    assert (microsoft["minute_limit"], microsoft["daily_limit"]) == (30, 10_000)
    assert microsoft["auth_method"] == AuthMethod.XOAUTH2
    assert BY_KEY["amazon-ses"].values["daily_limit"] == 200
    assert BY_KEY["zoho"].values["hourly_limit"] == 50
    assert BY_KEY["hostinger"].values["daily_limit"] == 1_000
    assert "hourly_limit" not in BY_KEY["locaweb"].values  # not published: the form's own stays


def test_a_server_is_known_by_its_name():
    assert [preset.key for preset in presets_of("SMTP.gmail.com.")] == ["gmail", "google-workspace"]
    assert [preset.key for preset in presets_of("email-smtp.us-east-1.amazonaws.com")] == [
        "amazon-ses"
    ]
    assert presets_of("smtp.example.com") == ()


def test_novo_can_be_filled_with_a_provider_without_javascript(admin):
    html = admin.get(f"{NEW}?provedor=microsoft-365").text
    assert 'value="smtp.office365.com"' in html
    assert 'value="xoauth2" selected' in html or 'selected value="xoauth2"' in html
    assert 'value="10000"' in html
    assert "30 por minuto, 10.000 por dia" in html
    assert "anotado em" in html


@pytest.mark.parametrize("key", ["", "nobody", '"><script>'])
def test_an_unknown_provider_is_an_empty_form(admin, key):
    html = admin.get(NEW, query_string={"provedor": key}).text
    assert 'name="host"' in html
    assert "<script>" not in html.split("<main")[1]
    assert "anotado em" not in html


def test_the_limits_tab_shows_what_the_provider_says_and_since_when(app, admin):
    post(admin, NEW, account_fields(host="smtp.gmail.com"))
    html = admin.get("/configuracoes/smtp/1/limites").text
    assert "https://support.google.com/a/answer/166852" in html
    assert "anotado em 24/11/2026" in html
    post(admin, NEW, account_fields(name="Outra"))
    assert "anotado em" not in admin.get("/configuracoes/smtp/2/limites").text


def test_the_use_of_each_limit_is_told_with_and_without_javascript(app, admin):
    with app.app_context():
        account = create_account(minute_limit=30)
        create_message(smtp_account=account)
        url = f"/configuracoes/smtp/{account.id}/uso"
    html = admin.get(url).text
    assert "enviados neste minuto 0/30" in html
    assert "enviados nesta hora 0/200" in html
    assert "enviados em 24 horas 0/2.000" in html
    assert "1 na fila: sai" in html
    fragment = admin.get(url, headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "<html" not in fragment
    assert "enviados nesta hora" in fragment
    assert admin.get("/configuracoes/smtp/999/uso").status_code == 404


def test_without_a_limit_per_minute_there_is_no_gauge_for_it(app, admin):
    with app.app_context():
        url = f"/configuracoes/smtp/{create_account().id}/uso"
    html = admin.get(url).text
    assert "neste minuto" not in html
    assert "Nada na fila." in html


def test_limits_are_saved_with_a_minute_or_without(app, admin):
    with app.app_context():
        url = f"/configuracoes/smtp/{create_account().id}/limites"
    values = {"hourly_limit": "100", "daily_limit": "200", "max_connections": "1"}
    assert post(admin, url, {**values, "minute_limit": "7", "version": "1"}).status_code == 303
    assert 'value="7"' in admin.get(url).text
    assert post(admin, url, {**values, "minute_limit": "0", "version": "2"}).status_code == 422
    assert post(admin, url, {**values, "minute_limit": "", "version": "2"}).status_code == 303
    assert "7/min" not in admin.get("/configuracoes/smtp").text


def test_how_long_many_e_mails_take_under_a_limit_per_minute():
    assert pace.in_words(pace.duration(500, 1000, 10_000, 30)) == "em cerca de 16 min"
    assert pace.in_words(pace.duration(5_000, 10_000, 10_000, 30)) == "em cerca de 2 h"
    assert pace.in_words(pace.duration(25, 1000, 10_000, 30)) == "em poucos minutos"
    assert pace.duration(201, 200, 2000) == HOUR
    assert NOON + pace.duration(0, 1, 1) == NOON

"""Presets of common providers: how they are reached, their limits, where to look, when noted.

A limit that was not found on the provider's pages is None, and the form then keeps the portal's
own cautious default. Everything stays editable: plans differ, and providers change their minds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.smtp.models import AuthMethod, Security

NOTED_ON = date(2026, 11, 24)


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. Limits are of recipients of one account; `hosts` are names it answers to."""

    key: str
    name: str
    host: str
    port: int
    security: Security
    note: str
    source: str
    minute: int | None = None
    hour: int | None = None
    day: int | None = None
    auth_method: AuthMethod = AuthMethod.PASSWORD
    token_url: str = ""
    scope: str = ""
    noted_on: date = NOTED_ON

    @property
    def values(self) -> Mapping[str, Any]:
        """Column values for a new account; limits that are not published are left out.

        Where only the day has a limit, the hour takes the same: it restricts nothing more.
        """
        values: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "security": self.security,
            "auth_method": self.auth_method,
            "oauth_token_url": self.token_url,
            "oauth_scope": self.scope,
            "minute_limit": self.minute,
        }
        if self.hour or self.day:
            values["hourly_limit"] = self.hour or self.day
        if self.day or self.hour:
            values["daily_limit"] = self.day or (self.hour or 0) * 24
        return values

    @property
    def limits(self) -> str:
        """`30 por minuto, 10.000 por dia`; empty where none is published."""
        known = ((self.minute, "minuto"), (self.hour, "hora"), (self.day, "dia"))
        told = (f"{count:,} por {span}".replace(",", ".") for count, span in known if count)
        return ", ".join(told)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "gmail",
        "Gmail (conta pessoal)",
        "smtp.gmail.com",
        587,
        Security.STARTTLS,
        "A senha da conta não serve: gere uma senha de app. O limite conta 24 horas corridas.",
        "https://support.google.com/mail/answer/22839",
        day=500,
    ),
    Preset(
        "google-workspace",
        "Google Workspace",
        "smtp.gmail.com",
        587,
        Security.STARTTLS,
        "2.000 mensagens por dia e usuário; contas em teste, 500. Com OAuth 2.0, troque o método "
        "de login e use o endereço de token do Google.",
        "https://support.google.com/a/answer/166852",
        day=2_000,
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
    ),
    Preset(
        "microsoft-365",
        "Microsoft 365",
        "smtp.office365.com",
        587,
        Security.STARTTLS,
        "O login por senha está sendo desligado: use OAuth 2.0, com o ID do seu locatário no lugar "
        "de “common”. No máximo 3 conexões ao mesmo tempo.",
        "https://learn.microsoft.com/office365/servicedescriptions/"
        "exchange-online-service-description/exchange-online-limits",
        minute=30,
        day=10_000,
        auth_method=AuthMethod.XOAUTH2,
        token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106
        scope="https://outlook.office.com/SMTP.Send offline_access",
    ),
    Preset(
        "amazon-ses",
        "Amazon SES (sandbox)",
        "email-smtp.sa-east-1.amazonaws.com",
        587,
        Security.STARTTLS,
        "Fora do sandbox o limite é o da sua conta: veja-o no console. No sandbox também o "
        "destinatário precisa ser verificado, e sai no máximo 1 por segundo (60 por minuto). Use "
        "as credenciais SMTP, não as chaves de acesso; troque a região no nome do servidor.",
        "https://docs.aws.amazon.com/ses/latest/dg/quotas.html",
        minute=60,
        day=200,
    ),
    Preset(
        "zoho",
        "Zoho Mail",
        "smtp.zoho.com",
        465,
        Security.SSL,
        "De 50 a 500 por hora para fora, conforme a reputação da conta: comece pelo menor. "
        "Domínio próprio em plano pago: smtppro.zoho.com. O Zoho não permite envio em massa.",
        "https://www.zoho.com/mail/help/adminconsole/rates-and-limits.html",
        hour=50,
    ),
    Preset(
        "hostinger",
        "Hostinger",
        "smtp.hostinger.com",
        465,
        Security.SSL,
        "1.000 por dia no Business Starter, 3.000 no Business Premium, por caixa, em 24 horas "
        "corridas. Mensagens recebidas também contam.",
        "https://support.hostinger.com/pt/articles/"
        "4625828-parametros-e-limites-dos-e-mails-da-hostinger",
        day=1_000,
    ),
    Preset(
        "locaweb",
        "Locaweb (caixa de e-mail)",
        "email-ssl.com.br",
        465,
        Security.SSL,
        "O limite depende do plano: confira no painel. Para volumes maiores há o SMTP Locaweb, "
        "que exige o domínio do remetente validado no painel.",
        "https://www.locaweb.com.br/ajuda/wiki/faq-nova-politica-de-envio-smtp-locaweb/",
    ),
    Preset(
        "uol",
        "UOL Host",
        "smtps.uhserver.com",
        465,
        Security.SSL,
        "O limite depende do plano: confira no painel ou com o atendimento. Confira ali também o "
        "nome do servidor.",
        "https://faq.uol.com.br/uolhost/",
    ),
    Preset(
        "kinghost",
        "KingHost",
        "smtp.kinghost.net",
        587,
        Security.STARTTLS,
        "O limite depende do plano: confira no painel ou com o atendimento. De dentro da "
        "hospedagem KingHost o servidor é smtpi.kinghost.net, porta 465 com SSL.",
        "https://king.host/wiki/",
    ),
)
BY_KEY = {preset.key: preset for preset in PRESETS}


def presets_of(host: str) -> tuple[Preset, ...]:
    """The presets of this server; several where one server has several plans."""
    wanted = host.lower().rstrip(".")
    regional = wanted.startswith("email-smtp.") and wanted.endswith(".amazonaws.com")
    return tuple(
        preset
        for preset in PRESETS
        if preset.host == wanted or (regional and preset.key == "amazon-ses")
    )

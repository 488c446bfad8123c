"""The two rows of parameters: read at any time, written by a person or by a configuration file."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue, refuse_stale
from portal.settings.models import (
    BusinessDayRule,
    DeliveryType,
    FinancialSettings,
    GeneralSettings,
)
from portal.settings.rules import clean_company, company_problems, financial_problems
from portal.smtp.models import SmtpAccount

ROW = 1
Row = TypeVar("Row", GeneralSettings, FinancialSettings)
COMPANY = (
    "company_name",
    "company_cpf_cnpj",
    "company_email",
    "company_phone",
    "company_address",
    "company_district",
    "company_city",
    "company_state",
    "company_postal_code",
)
GENERAL_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(COMPANY, ""),
    "version": 0,
    "default_delivery_type": DeliveryType.PRINTED,
    "business_day_rule": BusinessDayRule.KEEP,
}
FINANCIAL_DEFAULTS: Mapping[str, Any] = {
    "version": 0,
    "smtp_account_id": None,
    "group_by_client": True,
    "max_open_receivables": None,
    "pro_rata": False,
    "expire_after_days": 30,
}


def general() -> GeneralSettings:
    """Parâmetros gerais; where nobody saved them yet, the defaults, outside the session."""
    row = db.session.get(GeneralSettings, ROW)
    return row or GeneralSettings(id=ROW, **GENERAL_DEFAULTS)


def financial() -> FinancialSettings:
    """Parâmetros financeiro; where nobody saved them yet, the defaults, outside the session."""
    row = db.session.get(FinancialSettings, ROW)
    return row or FinancialSettings(id=ROW, **FINANCIAL_DEFAULTS)


def company_gaps() -> list[str]:
    """What a boleto must say of whom it pays and nobody filled in yet, as people call it."""
    row = general()
    named = (("nome", row.company_name), ("CNPJ ou CPF", row.company_cpf_cnpj))
    return [name for name, text in named if not text]


def change_company(
    values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> GeneralSettings:
    """Aba Empresa. Raises InvalidValue naming the field, Conflict."""
    row = _locked(GeneralSettings, GENERAL_DEFAULTS)
    refuse_stale(row.version, version, "estes parâmetros")
    cleaned = clean_company(values)
    _refuse_first(company_problems({**company_values(row), **cleaned}))
    put_general(row, cleaned, actor, now)
    db.session.commit()
    return row


def change_contracts(
    delivery_type: DeliveryType,
    version: int,
    actor: Actor | None,
    now: datetime,
    business_day_rule: BusinessDayRule | None = None,
) -> GeneralSettings:
    """Aba Contratos: Tipo de cobrança padrão and the rule of business days (None: as it is), for
    what is generated from now on."""
    row = _locked(GeneralSettings, GENERAL_DEFAULTS)
    refuse_stale(row.version, version, "estes parâmetros")
    values = {
        "default_delivery_type": delivery_type,
        "business_day_rule": business_day_rule or row.business_day_rule,
    }
    put_general(row, values, actor, now)
    db.session.commit()
    return row


def change_financial(
    values: Mapping[str, Any], version: int, actor: Actor | None, now: datetime
) -> FinancialSettings:
    """Parâmetros financeiro. Raises InvalidValue naming the field, Conflict."""
    row = _locked(FinancialSettings, FINANCIAL_DEFAULTS)
    refuse_stale(row.version, version, "estes parâmetros")
    _refuse_first(financial_problems({**financial_values(row), **values}))
    account_id = values.get("smtp_account_id")
    if account_id is not None and db.session.get(SmtpAccount, account_id) is None:
        raise InvalidValue("smtp_account_id", "Esta conta SMTP não existe mais. Escolha outra.")
    put_financial(row, values, actor, now)
    db.session.commit()
    return row


# --- pieces without commit, for a configuration file that changes many rooms at once --------------


def general_row() -> GeneralSettings:
    """The stored row, made where it is missing, locked until the transaction ends."""
    return _locked(GeneralSettings, GENERAL_DEFAULTS)


def financial_row() -> FinancialSettings:
    """The stored row, made where it is missing, locked until the transaction ends."""
    return _locked(FinancialSettings, FINANCIAL_DEFAULTS)


def put_general(
    row: GeneralSettings, values: Mapping[str, Any], actor: Actor | None, now: datetime
) -> dict[str, list[Any]]:
    """Set what differs and record it; returns the changes."""
    return _put(row, values, "general_settings", "Parâmetros gerais alterados", actor, now)


def put_financial(
    row: FinancialSettings, values: Mapping[str, Any], actor: Actor | None, now: datetime
) -> dict[str, list[Any]]:
    """Set what differs and record it; returns the changes."""
    return _put(row, values, "financial_settings", "Parâmetros financeiro alterados", actor, now)


def company_values(row: GeneralSettings) -> dict[str, str]:
    """Company data by column."""
    return {name: getattr(row, name) for name in COMPANY}


def financial_values(row: FinancialSettings) -> dict[str, Any]:
    """Parâmetros financeiro by column."""
    return {name: getattr(row, name) for name in FINANCIAL_DEFAULTS if name != "version"}


def _put(
    row: GeneralSettings | FinancialSettings,
    values: Mapping[str, Any],
    entity: str,
    summary: str,
    actor: Actor | None,
    now: datetime,
) -> dict[str, list[Any]]:
    changes = audit.apply(row, dict(values))
    if changes:
        row.version += 1
        audit.record(actor, "settings.change", entity, ROW, now, summary=summary, changes=changes)
    return changes


def _locked(kind: type[Row], defaults: Mapping[str, Any]) -> Row:
    """The one row, made where it is missing: of two processes that make it, one finds it made."""
    query = select(kind).where(kind.id == ROW).with_for_update()
    row = db.session.scalar(query, execution_options={"populate_existing": True})
    if row is not None:
        return row
    try:
        with db.session.begin_nested():
            db.session.add(kind(id=ROW, **defaults))
    except IntegrityError:
        pass  # another process was first
    return db.session.scalars(query).one()


def _refuse_first(problems: Iterable[InvalidValue]) -> None:
    for problem in problems:
        raise problem

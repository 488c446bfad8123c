"""Form of "Gerar financeiro": the same fields choose, simulate and confirm."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import NumberRange, Regexp

from portal.contracts.schedule import MAX_INSTALLMENTS
from portal.core.text import one_line
from portal.generation import queries
from portal.generation.orders import Order
from portal.generation.queries import ContractHit
from portal.web.forms import (
    LongTextField,
    MonthField,
    PortalForm,
    TextField,
    at_most,
    invalid,
    required,
)

MAX_PILOT = 1000
MAX_LIST = 2000  # characters of a list of clients: it travels in the URL
PILOT = 20
KEY = r"[0-9a-f]{32}\Z"


class Who(StrEnum):
    """Which contracts; the values are those of the URL."""

    ALL = "todos"
    CONTRACT = "contrato"
    WALLET = "carteira"
    PLAN = "plano"
    CITY = "cidade"
    DUE_DAY = "vencimento"
    CLIENTS = "lista"
    PILOT = "piloto"
    REST = "resto"


WHO = (
    (Who.ALL.value, "Toda a base"),
    (Who.CONTRACT.value, "Um contrato"),
    (Who.WALLET.value, "Uma carteira"),
    (Who.PLAN.value, "Um plano"),
    (Who.CITY.value, "Uma cidade"),
    (Who.DUE_DAY.value, "Um dia de vencimento"),
    (Who.CLIENTS.value, "Uma lista de clientes"),
    (Who.PILOT.value, "Grupo piloto"),
    (Who.REST.value, "O resto: todos menos o grupo piloto"),
)


class OrderForm(PortalForm):
    """Month, installments and whom. In a URL it has no CSRF token: it changes nothing there."""

    competence = MonthField("Competência", [required()], name="competencia")
    installments = IntegerField(
        "Parcelas",
        [NumberRange(1, MAX_INSTALLMENTS, f"Informe de 1 a {MAX_INSTALLMENTS} parcelas.")],
        name="parcelas",
        default=1,
    )
    who = RadioField("Quem", choices=WHO, default=Who.ALL.value, name="quem")
    contract = TextField("Contrato", [at_most(100)], name="contrato")
    wallet = SelectField("Carteira de cobrança", choices=[], name="carteira", validate_choice=False)
    plan = SelectField("Plano", choices=[], name="plano", validate_choice=False)
    city = SelectField("Cidade", choices=[], name="cidade", validate_choice=False)
    due_day = IntegerField("Dia de vencimento", name="dia")
    clients = LongTextField("Códigos dos clientes", [at_most(MAX_LIST)], name="lista")
    pilot = IntegerField("Clientes do grupo piloto", name="clientes", default=PILOT)

    matches: Sequence[ContractHit] = ()  # what a contract's text may mean, when it is not one

    def __init__(self, next_month: date, **given: Any) -> None:
        super().__init__(data={"competence": next_month}, **given)
        for field, names in (
            (self.wallet, queries.wallet_names()),
            (self.plan, queries.plan_names()),
            (self.city, queries.city_names()),
        ):
            field.choices = [(name, name) for name in names]

    @classmethod
    def from_args(cls, args: Mapping[str, str], next_month: date) -> "OrderForm":
        """The form as the URL fills it; what is not there is next month, for the whole base.

        `?contrato=` alone chooses that contract.
        """
        given = MultiDict({"competencia": f"{next_month:%Y-%m}", **args})
        if args.get("contrato") and "quem" not in args:
            given["quem"] = Who.CONTRACT.value
        return cls(next_month, formdata=given, meta={"csrf": False})

    def validate_contract(self, field: TextField) -> None:
        """A code, or words that mean one contract only."""
        if self.who.data != Who.CONTRACT:
            return
        text = field.data or ""
        if not text:
            raise invalid("Informe o código do contrato ou o nome do cliente.")
        found = queries.find_contracts(text)
        if not found:
            raise invalid(f"Nenhum contrato com o código ou o cliente “{text[:60]}”.")
        if len(found) > 1:
            self.matches = found
            raise invalid("Mais de um contrato combina com o texto: escolha um da lista.")
        field.data = found[0].code

    def validate_wallet(self, field: SelectField) -> None:
        """A wallet that exists."""
        if self.who.data == Who.WALLET and field.data not in dict(field.choices):
            raise invalid("Escolha uma carteira da lista.")

    def validate_plan(self, field: SelectField) -> None:
        """A plan that some contract has."""
        if self.who.data == Who.PLAN and field.data not in dict(field.choices):
            raise invalid("Escolha um plano da lista.")

    def validate_city(self, field: SelectField) -> None:
        """A city where some client is."""
        if self.who.data == Who.CITY and field.data not in dict(field.choices):
            raise invalid("Escolha uma cidade da lista.")

    def validate_due_day(self, field: IntegerField) -> None:
        """A day of the month, when that is the choice."""
        field.errors = []
        if self.who.data == Who.DUE_DAY and not 1 <= (field.data or 0) <= 31:
            raise invalid("Informe um dia de 1 a 31.")

    def validate_clients(self, field: LongTextField) -> None:
        """Codes of clients that exist."""
        if self.who.data != Who.CLIENTS:
            return
        codes = self.client_codes
        if not codes:
            raise invalid("Informe ao menos um código de cliente.")
        missing = queries.unknown_clients(codes)
        if missing:
            more = f" e mais {len(missing) - 5}" if len(missing) > 5 else ""
            raise invalid(f"Não há cliente com o código {', '.join(missing[:5])}{more}.")

    @property
    def client_codes(self) -> tuple[str, ...]:
        """The codes of the list, each once; one per line, or apart by comma or semicolon."""
        parts = re.split(r"[\n,;]+", self.clients.data or "")
        return tuple(dict.fromkeys(one_line(part) for part in parts if one_line(part)))

    def validate_pilot(self, field: IntegerField) -> None:
        """A small group; what stands in the field when another choice was made does not matter."""
        field.errors = []
        if self.who.data == Who.PILOT and not 1 <= (field.data or 0) <= MAX_PILOT:
            raise invalid(f"Informe de 1 a {MAX_PILOT} clientes.")

    def order(self) -> Order:
        """What a valid form asks for."""
        who, competence = self.who.data, self.competence.data
        assert competence is not None  # noqa: S101 - the field is required
        return Order(
            competence=competence,
            installments=self.installments.data,
            contract_codes=(self.contract.data,) if who == Who.CONTRACT else (),
            wallet_name=self.wallet.data if who == Who.WALLET else "",
            plan=self.plan.data if who == Who.PLAN else "",
            city=self.city.data if who == Who.CITY else "",
            due_day=self.due_day.data if who == Who.DUE_DAY else None,
            client_codes=self.client_codes if who == Who.CLIENTS else (),
            limit=self.pilot.data if who == Who.PILOT else None,
            rest=who == Who.REST,
        )

    def args(self) -> dict[str, str]:
        """The URL arguments of a valid form, without what its choice does not use."""
        who = self.who.data
        args = {
            "competencia": f"{self.competence.data:%Y-%m}",
            "parcelas": str(self.installments.data),
            "quem": who,
        }
        details = {
            Who.CONTRACT: self.contract,
            Who.WALLET: self.wallet,
            Who.PLAN: self.plan,
            Who.CITY: self.city,
            Who.DUE_DAY: self.due_day,
            Who.PILOT: self.pilot,
        }
        if who == Who.CLIENTS:
            args[self.clients.name] = ",".join(self.client_codes)
        elif who in details:
            args[details[who].name] = str(details[who].data)
        return args


class ConfirmForm(OrderForm):
    """The button that generates. Its key makes a double click, a reload or a repeat one run."""

    key = HiddenField(name="chave", validators=[Regexp(KEY, message="Simule de novo.")])

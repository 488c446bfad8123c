"""Form of "Gerar financeiro": the same fields choose, simulate and confirm."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import NumberRange, Regexp

from portal.generation import queries
from portal.generation.orders import MAX_INSTALLMENTS, Order
from portal.generation.queries import ContractHit
from portal.web.forms import MonthField, PortalForm, TextField, at_most, invalid, required

MAX_PILOT = 1000
PILOT = 20
KEY = r"[0-9a-f]{32}\Z"


class Who(StrEnum):
    """Which contracts; the values are those of the URL."""

    ALL = "todos"
    CONTRACT = "contrato"
    WALLET = "carteira"
    PILOT = "piloto"


WHO = (
    (Who.ALL.value, "Toda a base"),
    (Who.CONTRACT.value, "Um contrato"),
    (Who.WALLET.value, "Uma carteira"),
    (Who.PILOT.value, "Grupo piloto"),
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
    pilot = IntegerField("Clientes do grupo piloto", name="clientes", default=PILOT)

    matches: Sequence[ContractHit] = ()  # what a contract's text may mean, when it is not one

    def __init__(self, wallets: Sequence[str], next_month: date, **given: Any) -> None:
        super().__init__(data={"competence": next_month}, **given)
        self.wallet.choices = [(name, name) for name in wallets]

    @classmethod
    def from_args(
        cls, args: Mapping[str, str], wallets: Sequence[str], next_month: date
    ) -> "OrderForm":
        """The form as the URL fills it; what is not there is next month, for the whole base.

        `?contrato=` alone chooses that contract.
        """
        given = MultiDict({"competencia": f"{next_month:%Y-%m}", **args})
        if args.get("contrato") and "quem" not in args:
            given["quem"] = Who.CONTRACT.value
        return cls(wallets, next_month, formdata=given, meta={"csrf": False})

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
            limit=self.pilot.data if who == Who.PILOT else None,
        )

    def args(self) -> dict[str, str]:
        """The URL arguments of a valid form, without what its choice does not use."""
        who = self.who.data
        args = {
            "competencia": f"{self.competence.data:%Y-%m}",
            "parcelas": str(self.installments.data),
            "quem": who,
        }
        for kind, field in (
            (Who.CONTRACT, self.contract),
            (Who.WALLET, self.wallet),
            (Who.PILOT, self.pilot),
        ):
            if who == kind:
                args[field.name] = str(field.data)
        return args


class ConfirmForm(OrderForm):
    """The button that generates. Its key makes a double click, a reload or a repeat one run."""

    key = HiddenField(name="chave", validators=[Regexp(KEY, message="Simule de novo.")])

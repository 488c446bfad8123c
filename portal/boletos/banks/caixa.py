"""Caixa Econômica Federal: SIGCB, and the legacy SICOB and SINCO."""

from __future__ import annotations

from dataclasses import replace

from portal.boletos.banks import fields as f
from portal.boletos.banks.base import Bank, Draft, FieldSpec, agencia_with_dv
from portal.boletos.checkdigits import mod11
from portal.boletos.model import BankAccount, InvalidBoleto

_WIDTH = {"SIGCB": 15, "SICOB10": 10, "SICOB14": 14, "SICOB16": 14, "SINCO": 18}
_SICOB14 = ("SICOB14", "SICOB16")  # two names of one: 14 digits, 16 as printed
_SEVEN_DIGITS_FROM = 1_100_000  # codes below it have 6 digits and a check digit


class Caixa(Bank):
    """SIGCB: beneficiário (6 and its DV, or 7 from 1100000 on), NN[3-5], tipo, NN[6-8], emissão,
    NN[9-17], DV (mod 11 over the 24).

    The nosso número has 17 digits: tipo (1 with, 2 without registration), emissão (1 bank, 4
    company) and the number in 15. Carteira 14, 24, 11, 21 says both; RG and 1 mean 14 unless the
    field emissão says otherwise, SR and 2 mean 24. All check digits are mod 11 with weights 2…9;
    results above 9 are 0. (Two numbers
    in one public library have other DVs than this rule gives; they recompute to 8 and 7.)

    Legacy: SICOB10 is number (10), agência (4), operação (3), conta (8); SICOB14, also called
    SICOB16, is conta (5), agência (4), 8, 7, number (14); SINCO is 1, beneficiário (6), number
    (18).

    Source: Caixa, "Cobrança bancária: código de barras e composição do nosso número" (SIGCB 2020).
    """

    code, name, code_dv = "104", "Caixa Econômica Federal", "0"
    numero_digits = 15
    fields = (
        f.agencia(paper_only=True),
        f.agencia_dv(),
        f.convenio(7, "Código do beneficiário", fill=False,
                   paper_only=True,
                   help="Tem 6 ou 7 dígitos, sem o dígito verificador."),
        f.convenio_dv(label="Dígito do beneficiário", help="Só para códigos de 6 dígitos."),
        f.carteira(
            ("14", "14 - registrada, emissão pela empresa"),
            ("11", "11 - registrada, emissão pela Caixa"),
            ("24", "24 - sem registro, emissão pela empresa"),
            ("21", "21 - sem registro, emissão pela Caixa"),
            ("RG", "RG - registrada"),
            ("SR", "SR - sem registro"),
            *f.codes("1", "2", "8", "9"),
        ),
        FieldSpec("emissao", "Emissão do boleto", 1, False, "4 = pela empresa, 1 = pela Caixa.",
                  (("4", "Pela empresa"), ("1", "Pela Caixa")), kind="choice"),
        FieldSpec("layout", "Sistema", 7, False, "Em branco é SIGCB, o atual.",
                  tuple((name, name) for name in _WIDTH), kind="choice"),
        f.conta(12, required=False, fill=False, help="Só nos sistemas SICOB, já encerrados."),
        f.conta_dv(),
        FieldSpec("operacao", "Operação", 3, False, "Só no SICOB; em branco é 870."),
    )  # fmt: skip

    def adjust(self, account: BankAccount) -> BankAccount:
        layout = account.layout or "SIGCB"
        if not layout.startswith("SICOB"):
            if not account.convenio:
                raise InvalidBoleto(
                    "convenio",
                    "Código do beneficiário em branco: a Caixa precisa dele."
                    " Está no contrato de cobrança, com 6 ou 7 dígitos.",
                )
            if layout == "SIGCB":
                code, dv = _beneficiario(account.convenio, account.convenio_dv)
                account = replace(account, convenio=code, convenio_dv=dv)
            elif len(account.convenio.lstrip("0")) > 6:
                raise _too_long("convenio", account.convenio, 6)
        elif not (account.agencia and account.conta):
            raise InvalidBoleto("conta", "No SICOB informe agência e conta (código do cedente).")
        elif len(account.conta.lstrip("0")) > (5 if layout in _SICOB14 else 8):
            raise _too_long("conta", account.conta, 5 if layout in _SICOB14 else 8)
        return replace(account, layout=layout, operacao=account.operacao or "870")

    def numero_max(self, account: BankAccount) -> int:
        return int("9" * _WIDTH.get(account.layout, 15))

    def agencia_codigo(self, account: BankAccount) -> str:
        """Agência and beneficiário; codes of 7 digits are printed without a DV of ours."""
        prepared = self.prepare(account)
        code = filter(None, (prepared.convenio or prepared.conta, prepared.convenio_dv))
        return f"{agencia_with_dv(prepared)} / {'-'.join(code)}"

    def carteira_printed(self, account: BankAccount) -> str:
        return "RG" if _prefix(self.prepare(account))[0] == "1" else "SR"

    def nosso_numero(self, account: BankAccount, title: Draft) -> str:
        number = self._number(account, title)
        if account.layout == "SIGCB":
            number = _prefix(account) + number
        elif account.layout in _SICOB14:
            number = "8" + number
        return f"{number}-{mod11(number)}"

    def campo_livre(self, account: BankAccount, title: Draft) -> str:
        number = self._number(account, title)
        if account.layout == "SINCO":
            return f"1{account.convenio.zfill(6)[-6:]}{number}"
        if account.layout == "SICOB10":
            return f"{number}{account.agencia}{account.operacao}{account.conta.zfill(8)[-8:]}"
        if account.layout in _SICOB14:
            return f"{account.conta.zfill(5)[-5:]}{account.agencia}87{number}"
        prefix = _prefix(account)
        body = (
            f"{account.convenio}{account.convenio_dv}"
            f"{number[:3]}{prefix[0]}{number[3:6]}{prefix[1]}{number[6:]}"
        )
        return body + mod11(body)

    def _number(self, account: BankAccount, title: Draft) -> str:
        """The sequential number; of a whole nosso número of 17 digits, its last 15."""
        whole = account.layout == "SIGCB" and len(title.numero) == 17
        if whole and title.numero.startswith(_prefix(account)):
            return title.numero[2:]
        return self.sequence(account, title, _WIDTH[account.layout])


def _beneficiario(code: str, dv: str) -> tuple[str, str]:
    """The code and its DV as they go into the campo livre: 6 + 1 digits, or 7 + none."""
    if int(code) >= _SEVEN_DIGITS_FROM:
        return code, ""
    if len(code) == 7 and code[0] == "0":
        code = code[1:]
    if len(code) == 7:  # 6 digits with the DV at the end
        code, dv = code[:6], dv or code[6]
    code = code.zfill(6)
    expected = mod11(code)
    if dv and dv != expected:
        raise InvalidBoleto(
            "convenio_dv",
            f"Dígito “{dv}” do beneficiário {code}: não confere, seria {expected}."
            " Confira o código no contrato.",
        )
    return code, expected


def _too_long(field: str, value: str, digits: int) -> InvalidBoleto:
    return InvalidBoleto(
        field, f"Código do cedente “{value}”: este sistema da Caixa usa até {digits} dígitos."
    )


def _prefix(account: BankAccount) -> str:
    """Tipo and emissão, the first two digits of the nosso número."""
    carteira = account.carteira
    if carteira in ("14", "11", "24", "21"):
        return carteira
    return ("1" if carteira in ("RG", "1") else "2") + (account.emissao or "4")

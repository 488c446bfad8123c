"""Choices of single banks that the vectors do not show."""

import pytest

from portal.boletos import BankAccount, InvalidBoleto, bank, compute
from tests.boletos.samples import ACCOUNTS, create_title


def campo_livre(account: BankAccount, numero: int | str = 1, **title: object) -> str:
    return compute(account, create_title(**{"numero": numero, **title})).campo_livre  # type: ignore[arg-type]


def test_the_wallets_of_the_sample_configuration_pass() -> None:
    for account in (
        BankAccount("341", agencia="1234", conta="12345", conta_dv="6", carteira="109"),
        BankAccount("001", agencia="1234", conta="12345", convenio="1234567", carteira="17"),
        BankAccount(
            "748", agencia="0434", conta="36699", convenio="36699", posto="08", byte="2",
            carteira="1",
        ),
    ):  # fmt: skip
        bank(account.bank_code).check(account)


@pytest.mark.parametrize("convenio", ["1", "12345", "123456789"])
def test_banco_do_brasil_tells_the_lengths_of_a_convenio(convenio: str) -> None:
    account = BankAccount("001", agencia="1", conta="1", convenio=convenio, carteira="17")
    with pytest.raises(InvalidBoleto) as refused:
        bank("001").check(account)
    assert refused.value.field == "convenio"


def test_banco_do_brasil_with_eight_digits_and_with_seventeen_positions() -> None:
    eight = BankAccount("001", convenio="12345678", carteira="17")
    assert campo_livre(eight, 9) == "000000" + "12345678" + "000000009" + "17"
    free = BankAccount("001", convenio="123879", carteira="18", codigo_servico="21")
    assert campo_livre(free, 7) == "123879" + "00000000000000007" + "21"
    assert bank("001").numero_max(free) == 10**17 - 1
    short = BankAccount("001", "1", conta="2", agencia_dv="", convenio="123879", carteira="18")
    assert bank("001").numero_max(short) == 99_999


def test_banco_do_brasil_writes_ten_as_x() -> None:
    account = BankAccount("001", agencia="1", conta="2", convenio="1234", carteira="17")
    printed = {compute(account, create_title(n)).nosso_numero[-1] for n in range(1, 60)}
    assert "X" in printed


def test_bradesco_writes_remainder_one_as_p() -> None:
    account = BankAccount("237", agencia="54", conta="148870", carteira="25")
    assert compute(account, create_title(97000005287)).nosso_numero == "025/97000005287-P"


def test_caixa_takes_codes_of_six_digits_with_and_without_dv_and_of_seven() -> None:
    six = BankAccount("104", agencia="1", convenio="123456", carteira="14")
    with_dv = BankAccount("104", agencia="1", convenio="123456", convenio_dv="0", carteira="RG")
    assert campo_livre(six, 3) == campo_livre(with_dv, 3) == "1234560000100040000000030"
    seven = BankAccount("104", agencia="1", convenio="1100000", carteira="14")
    assert campo_livre(seven, 3).startswith("1100000")
    padded = BankAccount("104", agencia="1", convenio="0123456", carteira="14")
    assert campo_livre(padded, 3) == campo_livre(six, 3)


def test_caixa_refuses_a_wrong_check_digit_of_the_code() -> None:
    account = BankAccount("104", agencia="1", convenio="123456", convenio_dv="1", carteira="14")
    with pytest.raises(InvalidBoleto, match="seria 0") as refused:
        bank("104").check(account)
    assert refused.value.field == "convenio_dv"


@pytest.mark.parametrize(
    ("carteira", "emissao", "prefix"),
    [("14", "", "14"), ("11", "", "11"), ("RG", "", "14"), ("SR", "", "24"), ("1", "4", "14"),
     ("2", "4", "24"), ("RG", "1", "11"), ("24", "", "24")],
)  # fmt: skip
def test_caixa_says_kind_and_issuer_in_the_number(carteira: str, emissao: str, prefix: str) -> None:
    account = BankAccount("104", agencia="1", convenio="123456", carteira=carteira, emissao=emissao)
    assert compute(account, create_title(7)).nosso_numero.startswith(f"{prefix}000000000000007-")


def test_itau_126_and_its_like_leave_agencia_and_conta_out_of_the_dac() -> None:
    here = BankAccount("341", agencia="1234", conta="12345", carteira="126")
    there = BankAccount("341", agencia="4321", conta="54321", carteira="126")
    assert campo_livre(here)[:12] == campo_livre(there)[:12]
    general = (BankAccount("341", agencia=a, conta="12345", carteira="112") for a in ("1", "2"))
    assert len({campo_livre(account)[11] for account in general}) == 2


def test_itau_198_needs_the_client_code_and_a_short_number_of_the_document() -> None:
    account = BankAccount("341", convenio="12345", carteira="198")
    assert campo_livre(account, 12345678, numero_documento="1234567").startswith("198123456781234")
    with pytest.raises(InvalidBoleto) as refused:
        campo_livre(account, 1, numero_documento="2026/01")
    assert refused.value.field == "numero_documento"
    with pytest.raises(InvalidBoleto) as refused:
        campo_livre(BankAccount("341", carteira="198"))
    assert refused.value.field == "convenio"


def test_sicredi_takes_the_year_from_the_title_or_the_document() -> None:
    account = ACCOUNTS["748"]
    assert compute(account, create_title(1)).nosso_numero.startswith("26/200001-")
    assert compute(account, create_title(1, ano="2027")).nosso_numero.startswith("27/2")
    with pytest.raises(InvalidBoleto) as refused:
        compute(account, create_title(1, data_documento=None))
    assert refused.value.field == "ano"


def test_sicoob_takes_the_code_with_its_digit_in_either_field() -> None:
    apart = BankAccount("756", agencia="3069", convenio="82819", convenio_dv="0", carteira="1")
    together = BankAccount("756", agencia="3069", convenio="828190", carteira="1")
    assert campo_livre(apart) == campo_livre(together)
    with pytest.raises(InvalidBoleto) as refused:
        campo_livre(together, parcela="1000")
    assert refused.value.field == "parcela"


def test_inter_112_cannot_number_but_prints_what_the_bank_returned() -> None:
    account = BankAccount("077", agencia="1", operacao="1234567", carteira="112")
    with pytest.raises(InvalidBoleto, match="retorno") as refused:
        bank("077").check(account)
    assert refused.value.field == "carteira"
    with pytest.raises(InvalidBoleto) as refused:
        campo_livre(account, 451)
    assert refused.value.field == "numero"
    returned = next(n for n in range(4510, 4520) if _passes(account, n))
    assert campo_livre(account, f"{returned:011d}").endswith(f"{returned:011d}")


def _passes(account: BankAccount, numero: int) -> bool:
    try:
        campo_livre(account, f"{numero:011d}")
    except InvalidBoleto:
        return False
    return True


def test_safra_digit_of_ten_and_of_eleven() -> None:
    account = ACCOUNTS["422"]
    digits = {compute(account, create_title(n)).nosso_numero[-1] for n in range(1, 40)}
    assert {"0", "1"} <= digits


def test_hsbc_prints_two_digits_and_needs_the_due_date() -> None:
    numbers = compute(ACCOUNTS["399"], create_title(1))
    assert len(numbers.nosso_numero) == 16
    assert numbers.nosso_numero[14] == "4"
    assert numbers.campo_livre[20:] == "34462"  # 10 December is day 344 of 2026

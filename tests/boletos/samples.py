"""A wallet of every bank, and a slip to print; all invented."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, settings

from portal.boletos import BankAccount, Party, Slip, Title, bank, compute

# For property tests: no deadlines, which a busy machine misses.
examples = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

TODAY = date(2026, 12, 1)
DUE = date(2026, 12, 10)
PIX = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865406119.905802BR5913Fulano de Tal6008BRASILIA62070503***6304ABCD"
)

ACCOUNTS = {
    account.bank_code: account
    for account in (
        BankAccount("001", agencia="1234", conta="56789", convenio="1234567", carteira="17"),
        BankAccount("004", agencia="16", conta="1193", conta_dv="2", carteira="21"),
        BankAccount("021", agencia="274", conta="2720129", conta_dv="2", variacao="4"),
        BankAccount("033", agencia="1333", convenio="707077", carteira="101"),
        BankAccount("037", agencia="54", convenio="12345"),
        BankAccount("041", agencia="340", convenio="1234560", convenio_dv="63", carteira="1"),
        BankAccount("070", agencia="172", conta="132613", carteira="1"),
        BankAccount("077", agencia="1", agencia_dv="9", operacao="1234567", carteira="110"),
        BankAccount("084", agencia="12", conta="47744", conta_dv="3", carteira="09"),
        BankAccount("085", agencia="101", conta="244140", convenio="101002", carteira="1"),
        BankAccount(
            "097", agencia="1", convenio="6641", carteira="18", documento_cedente="12345678909"
        ),
        BankAccount("104", agencia="1234", convenio="123456", carteira="14"),
        BankAccount("133", agencia="1234", conta="12345", carteira="09"),
        BankAccount("136", agencia="3302", conta="225", conta_dv="9", carteira="21"),
        BankAccount("151", agencia="1", conta="2818", modalidade="13"),
        BankAccount("208", agencia="50", conta="388685", carteira="01"),
        BankAccount("224", agencia="1", operacao="7654321", carteira="121"),
        BankAccount("237", agencia="413", agencia_dv="8", conta="2916", carteira="9"),
        BankAccount("246", agencia="1", operacao="7654321", carteira="6"),
        BankAccount("336", agencia="1", convenio="113522", carteira="20"),
        BankAccount("341", agencia="1234", conta="12345", carteira="109"),
        BankAccount("356", agencia="501", conta="6703255", carteira="57"),
        BankAccount("389", agencia="1234", convenio="123456789"),
        BankAccount("399", convenio="3903036", carteira="CNR"),
        BankAccount("409", convenio="2031671", carteira="5"),
        BankAccount(
            "422", agencia="40", agencia_dv="0", conta="27824", conta_dv="7", carteira="1"
        ),
        BankAccount("453", agencia="12", conta="123", conta_dv="4"),
        BankAccount("633", agencia="1", operacao="7654321", carteira="121"),
        BankAccount("637", agencia="1", operacao="7654321", carteira="121"),
        BankAccount("643", agencia="1", operacao="7654321", carteira="112"),
        BankAccount("655", agencia="1", convenio="78", carteira="500"),
        BankAccount("707", agencia="1", agencia_dv="9", operacao="1934436", carteira="121"),
        BankAccount("745", agencia="121", convenio="264424020", carteira="3", portfolio="611"),
        BankAccount(
            "748", agencia="434", posto="8", convenio="36699", byte="2", carteira="1"
        ),
        BankAccount("756", agencia="3069", convenio="82819", convenio_dv="0", carteira="1"),
    )
}  # fmt: skip


def create_title(numero: int = 1, **changes: object) -> Title:
    """A title of R$ 119,90 due on 2026-12-10."""
    title = Title(numero, Decimal("119.90"), DUE, str(numero), TODAY)
    return replace(title, **changes)  # type: ignore[arg-type]


def create_slip(numero: int = 1, bank_code: str = "341", **changes: object) -> Slip:
    """The slip of `create_title` for the sample wallet of a bank."""
    account = ACCOUNTS[bank_code]
    found = bank(bank_code)
    first = max(0, found.numero_min - 1)
    title = create_title(min(first + numero, found.numero_max(account)))
    slip = Slip(
        account=account,
        numbers=compute(account, title),
        beneficiario=Party(
            "Provedor Exemplo Telecomunicações Ltda",
            "12ABC34501DE35",
            "Rua das Flores, 100",
            "Centro",
            "São José dos Pinhais",
            "PR",
            "83000000",
        ),
        pagador=Party(
            "José da Conceição",
            "12345678909",
            "Avenida Brasil, 1500",
            "Jardim das Acácias",
            "Foz do Iguaçu",
            "PR",
            "85850000",
        ),
        numero_documento=f"2026-{numero:06d}",
        data_documento=TODAY,
        data_processamento=TODAY,
        valor=title.valor,
        vencimento=title.vencimento,
        instructions=("Multa de 2,00% após o vencimento", "Juros de 1,00% ao mês"),
        demonstrativo=("Plano Fibra 500 Mega, competência 12/2026",),
    )
    return replace(slip, **changes)  # type: ignore[arg-type]

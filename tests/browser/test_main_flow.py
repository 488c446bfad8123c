"""The whole job in a real browser: from an empty portal to boletos in the inbox, with proof."""

import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.whole_base import bill_the_whole_base
from tests.support.installation import Installation
from tests.support.tables import CLIENTS, CONTRACTS

PILOT = 25  # clients of the first run


@dataclass
class Town:
    """A running installation, as `make run` starts it, with the local inbox."""

    installation: Installation
    url: str
    password: str
    inbox: Path
    smtp_port: int

    def mails(self) -> list[EmailMessage]:
        """What arrived in the local inbox."""
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(self.inbox.glob("*.eml"))
        ]


def free_port() -> int:
    """A port that is free together with its inbox ports."""
    for candidate in range(18_000, 30_000, 100):
        try:
            for offset in (0, 25, 26):
                with socket.create_server(("127.0.0.1", candidate + offset)):
                    pass
        except OSError:
            continue
        return candidate
    raise AssertionError("no free port")


@pytest.fixture
def town(tmp_path: Path, fresh_database: str) -> Iterator[Town]:
    """Everything that `make run` starts, over an empty base."""
    with Installation(tmp_path, fresh_database) as installation:
        port = free_port()
        installation.env |= {"PORT": str(port), "PORTAL_SMTP_ALLOW_PRIVATE": ""}
        installation.portal_process("up", log="up")
        log = tmp_path / "up.log"
        installation.wait_for(lambda: "no ar em" in log.read_text(), "the portal is up", 90)
        found = re.search(r"senha\s+(\S+)", log.read_text())
        assert found
        yield Town(
            installation, f"http://127.0.0.1:{port}", found[1], tmp_path / "inbox", port + 25
        )


@pytest.fixture
def base(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """The shared customer base when it is here, else a small one of ours."""
    from tests.conftest import SHARED

    folder = SHARED / "base_5000"
    if folder.is_dir():
        return folder / "clientes.csv", folder / "contratos.csv"
    clients, contracts = tmp_path / "clientes.csv", tmp_path / "contratos.csv"
    clients.write_text(CLIENTS)
    contracts.write_text(CONTRACTS)
    return clients, contracts


def test_from_an_empty_portal_to_boletos_in_the_inbox(
    page: Page, town: Town, base: tuple[Path, Path]
):
    page.set_default_timeout(20_000)
    sign_in(page, town)
    page.goto(f"{town.url}/checklist")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Envio automático de boletos")
    assert blocked(page) >= 4
    create_account(page, town)
    send_a_test(page, town)
    choose_the_account(page, town)
    choose_email_by_default(page, town)
    for name, bank in (("1", "341"), ("2", "001"), ("3", "748")):
        create_wallet(page, town, name, bank)
    follow(page, town, "E-mail dos clientes")
    import_file(page, base[0])
    follow(page, town, "Contratos")
    import_file(page, base[1])
    page.goto(f"{town.url}/checklist")
    assert blocked(page) == 0
    generation_url = generate(page, town)
    titles = follow_until_sent(page, town)
    check_inbox(town, titles)
    check_log_and_client(page, town, generation_url)
    bill_the_whole_base(page, town.installation, town.url, town.inbox)


def sign_in(page: Page, town: Town) -> None:
    page.goto(town.url)
    page.get_by_label("E-mail").fill("admin@pontual.local")
    page.get_by_label("Senha").fill(town.password)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("navigation", name="Menu principal")).to_be_visible()


def follow(page: Page, town: Town, requirement: str) -> None:
    """From the checklist, the link that mends a requirement."""
    page.goto(f"{town.url}/checklist")
    shoot(page, f"checklist-{requirement}")
    page.locator("ul.rows").get_by_role(
        "link", name=re.compile(f": {re.escape(requirement)}$")
    ).click()


def shoot(page: Page, name: str) -> None:
    """A screenshot, when somebody wants to look (PONTUAL_SCREENSHOTS names a folder)."""
    folder = os.environ.get("PONTUAL_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def blocked(page: Page) -> int:
    """Requirements that the checklist shows as missing."""
    return page.locator("main .sign.tone-danger").count()


def create_account(page: Page, town: Town) -> None:
    follow(page, town, "Conta SMTP")
    page.get_by_role("link", name=re.compile("Nov[ao]|Cadastrar")).first.click()
    page.get_by_label("Nome da conta").fill("Financeiro")
    page.get_by_label("Servidor de saída").fill("127.0.0.1")
    page.get_by_label("Porta").fill(str(town.smtp_port))
    page.get_by_label("Tipo de segurança").select_option("none")
    page.get_by_role("group", name="Requer autenticação").get_by_label("Não").check()
    page.get_by_label("E-mail do remetente").fill("financeiro@example.com")
    page.get_by_label("E-mail de destino para teste").fill("teste@example.com")
    page.get_by_label("Limite de e-mails por hora").fill("100000")
    page.get_by_label("Limite de e-mails por dia").fill("100000")
    page.get_by_role("button", name="Salvar").click()
    page.get_by_role("link", name="Mensagem", exact=True).click()
    page.get_by_label("Assunto", exact=True).fill("Boleto #boleto_vencimento#")
    body = page.get_by_label("Mensagem", exact=True)
    body.fill("#saudacao#, #clinte_nome#.")
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_role("alert")).to_contain_text("Você quis dizer #cliente_nome#?")
    page.get_by_label("Mensagem", exact=True).fill("#saudacao#.\n\n")
    page.get_by_role("button", name="#boletos_tabela#").click()
    expect(page.get_by_label("Mensagem", exact=True)).to_have_value(re.compile("#boletos_tabela#"))
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_role("status").first).to_be_visible()


def send_a_test(page: Page, town: Town) -> None:
    page.get_by_role("link", name="Conta", exact=True).click()
    page.get_by_role("button", name="Enviar e-mail de teste").click()
    expect(page.get_by_text("O servidor aceitou a mensagem")).to_be_visible(timeout=60_000)
    assert [mail["To"] for mail in town.mails()] == ["teste@example.com"]


def choose_the_account(page: Page, town: Town) -> None:
    follow(page, town, "Servidor para vários boletos")
    page.get_by_role("button", name="Lupa").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Financeiro")).click()
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_label(re.compile("Servidor de e-mail para vários"))).to_have_value("1")


def choose_email_by_default(page: Page, town: Town) -> None:
    follow(page, town, "Tipo de envio de cobrança")
    expect(page.get_by_role("group", name="Tipo de cobrança padrão")).to_be_visible()
    page.get_by_role("group", name="Tipo de cobrança padrão").get_by_label("E-mail").check()
    page.get_by_role("button", name="Salvar").click()
    page.goto(f"{town.url}/configuracoes/parametros/gerais")
    page.get_by_label("Nome da empresa").fill("Rede Exemplo")
    page.get_by_label("CNPJ ou CPF").fill("11.222.333/0001-81")
    page.get_by_role("button", name="Salvar").click()


def create_wallet(page: Page, town: Town, name: str, bank: str) -> None:
    follow(page, town, "Carteira de cobrança")
    page.get_by_role("link", name=re.compile("Nov[ao]|Cadastrar")).first.click()
    page.get_by_label("Nome da carteira").fill(name)
    page.locator("[name=bank_code]").select_option(bank)
    fields = {
        "341": {"agencia": "1234", "conta": "12345", "conta_dv": "6", "carteira": "109"},
        "001": {"agencia": "1234", "conta": "12345", "convenio": "1234567", "carteira": "17"},
        "748": {
            "agencia": "0434",
            "convenio": "36699",
            "posto": "08",
            "byte": "2",
            "carteira": "1",
        },
    }[bank]
    for field, value in fields.items():
        control = page.locator(f"[name={field}]")
        control.wait_for()
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    question = "Enviar e-mail para cliente ao gerar financeiro do contrato"
    page.get_by_role("group", name=question).get_by_label("Sim").check()
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("Linha digitável")).to_be_visible()


def import_file(page: Page, path: Path) -> None:
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Conferir arquivo").click()
    page.get_by_role("button", name=re.compile("Importar .* válida")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Importação concluída"), timeout=60_000
    )


def generate(page: Page, town: Town) -> str:
    page.goto(f"{town.url}/financeiro/gerar")
    page.get_by_label(re.compile("Competência")).fill("2026-12")
    page.locator("input[name=quem][value=piloto]").check()
    page.get_by_label("Clientes do grupo piloto").fill(str(PILOT))
    page.get_by_role("button", name="Simular").click()
    shoot(page, "simulation")
    page.get_by_role("button", name=re.compile(r"Gerar .* títulos? e enviar")).click()
    page.wait_for_url(re.compile(r"/financeiro/gerar/\d+"))
    return page.url


def follow_until_sent(page: Page, town: Town) -> int:
    """Wait on the page itself until nothing moves; returns how many messages there are."""
    town.installation.wait_for(
        lambda: (
            town.installation.counts()["queued"] + town.installation.counts()["sending"] == 0
            and town.installation.counts()["sent"] > 1
        ),
        "everything sent",
        120,
    )
    expect(page.locator("main")).to_contain_text("100 %", timeout=20_000)
    shoot(page, "generation")
    return town.installation.counts()["sent"] - 1  # but for the test e-mail


def check_inbox(town: Town, messages: int) -> None:
    boletos = [mail for mail in town.mails() if mail["To"] != "teste@example.com"]
    assert len(boletos) == messages
    data = town.installation.json("deliveries")
    assert {mail["Message-ID"] for mail in boletos} <= {
        item["message_id"] for item in data["messages"] if item["state"] == "sent"
    }
    for mail in boletos:
        pdfs = [
            part for part in mail.iter_attachments() if part.get_content_type() == "application/pdf"
        ]
        assert pdfs
        assert all(part.get_content()[:5] == b"%PDF-" for part in pdfs)


def check_log_and_client(page: Page, town: Town, generation_url: str) -> None:
    sent = next(
        item
        for item in town.installation.json("deliveries", "--status", "sent")["messages"]
        if item["kind"] == "automatic"
    )
    page.goto(f"{town.url}/sistema/log-email?q={sent['recipient']}")
    shoot(page, "log")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Enviado")
    expect(row).to_contain_text(sent["recipient"])
    page.goto(f"{town.url}/sistema/log-email/{sent['id']}")
    expect(page.locator("main")).to_contain_text(sent["reply"][:20])
    page.goto(f"{town.url}/financeiro/titulos/{sent['receivables'][0]}")
    page.locator("main a[href*='/clientes/']").first.click()
    page.get_by_role("link", name="E-mails enviados").click()
    shoot(page, "client-emails")
    expect(page.locator("main")).to_contain_text(sent["recipient"])
    expect(page.locator("main")).to_contain_text("Enviado")
    answer = page.request.get(f"{town.url}/financeiro/titulos/{sent['receivables'][0]}/boleto.pdf")
    assert answer.body()[:5] == b"%PDF-"
    page.goto(generation_url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("dezembro/2026")

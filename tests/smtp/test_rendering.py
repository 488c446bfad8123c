"""What a client reads: one pass, escaped values, good words before and after the due date."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.smtp.catalogue import CATALOGUE
from portal.smtp.facts import ClientFacts, CompanyFacts, ContractFacts, MessageFacts, TitleFacts
from portal.smtp.markup import html_to_text, is_html
from portal.smtp.variables import SUBJECT_LIMIT, MessageTooLarge, render
from portal.smtp.wording import calm, first_name, greeting, listed, masked_document, situation

DIGITS = "34191.79001 01043.510047 91020.150008 6 99990000011990"
DECEMBER = TitleFacts(
    "20417", Decimal("119.90"), date(2026, 12, 10), date(2026, 12, 1), "109/00020417-3", DIGITS
)
NOVEMBER = TitleFacts(
    "20001", Decimal("1234.56"), date(2026, 11, 10), date(2026, 11, 1), "109/00020001-7", "x 1"
)
FACTS = MessageFacts(
    client=ClientFacts("Maria da Silva", "12345678909", "Rua A, 10, Centro, Campinas - SP"),
    company=CompanyFacts("Rede & Cia LTDA", "11222333000181", "(11) 4000-0000", "f@example.com"),
    titles=(DECEMBER,),
    today=date(2026, 12, 1),
    hour=9,
    contracts=(ContractFacts("1042", "FIBRA 300M"),),
)


def text_of(body: str, facts: MessageFacts = FACTS) -> str:
    return render("x", body, facts).text


def html_of(body: str, facts: MessageFacts = FACTS) -> str:
    return render("x", body, facts).html


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("saudacao", "Bom dia"),
        ("cliente_nome", "Maria da Silva"),
        ("cliente_primeiro_nome", "Maria"),
        ("cliente_cpf_cnpj", "***.456.789-**"),
        ("cliente_endereco", "Rua A, 10, Centro, Campinas - SP"),
        ("contrato_numero", "1042"),
        ("contrato_plano", "FIBRA 300M"),
        ("boleto_numero", "20417"),
        ("boleto_nosso_numero", "109/00020417-3"),
        ("boleto_valor", "R$ 119,90"),
        ("boleto_vencimento", "10/12/2026"),
        ("boleto_competencia", "dezembro de 2026"),
        ("boleto_linha_digitavel", DIGITS),
        ("boleto_situacao", "vence em 10/12/2026"),
        ("boletos_quantidade", "1"),
        ("boletos_total", "R$ 119,90"),
        ("empresa_nome", "Rede & Cia LTDA"),
        ("empresa_cnpj", "11.222.333/0001-81"),
        ("empresa_telefone", "(11) 4000-0000"),
        ("empresa_email", "f@example.com"),
        ("data_hoje", "01/12/2026"),
    ],
)
def test_what_each_variable_shows(name: str, shown: str) -> None:
    assert text_of(f"#{name}#") == shown


def test_with_several_titles_the_first_to_fall_due_is_spoken_of() -> None:
    facts = replace(
        FACTS,
        titles=(DECEMBER, NOVEMBER),
        contracts=(ContractFacts("1042", "FIBRA"), ContractFacts("1043", "FIBRA")),
    )
    assert text_of("#boleto_numero# #boleto_situacao#", facts) == "20001 venceu em 10/11/2026"
    assert text_of("#boletos_quantidade# #boletos_total#", facts) == "2 R$ 1.354,46"
    assert text_of("#contrato_numero#; #contrato_plano#", facts) == "1042 e 1043; FIBRA"


@pytest.mark.parametrize(
    ("today", "reads"),
    [
        (date(2026, 12, 9), "vence em 10/12/2026"),
        (date(2026, 12, 10), "vence hoje (10/12/2026)"),
        (date(2026, 12, 11), "venceu em 10/12/2026"),
    ],
)
def test_the_same_message_reads_well_before_on_and_after_the_due_date(
    today: date, reads: str
) -> None:
    facts = replace(FACTS, today=today)
    assert text_of("Seu boleto #boleto_situacao#.", facts) == f"Seu boleto {reads}."
    assert reads in text_of("#boletos_tabela#", facts)
    assert reads in html_of("#boletos_tabela#", facts)
    assert situation(date(2026, 12, 10), today) == reads


def test_the_table_in_text_is_aligned_and_has_a_total() -> None:
    facts = replace(FACTS, titles=(DECEMBER, NOVEMBER))
    assert text_of("Segue:\n\n#boletos_tabela#\n\nObrigado.", facts) == "\n".join(
        [
            "Segue:",
            "",
            "20001  venceu em 10/11/2026  R$ 1.234,56",
            "  x 1",
            "20417  vence em 10/12/2026     R$ 119,90",
            f"  {DIGITS}",
            "Total                        R$ 1.354,46",
            "",
            "Obrigado.",
        ]
    )


def test_a_table_in_the_middle_of_a_line_starts_its_own() -> None:
    assert text_of("Boletos: #boletos_tabela# Fim").splitlines() == [
        "Boletos: ",
        "20417  vence em 10/12/2026  R$ 119,90",
        f"  {DIGITS}",
        " Fim",
    ]


def test_the_table_in_html_stands_outside_of_paragraphs() -> None:
    for body in (
        "Segue:\n\n#boletos_tabela#\n\nObrigado.",
        "Segue:\n#boletos_tabela#\nObrigado.",
        "<p>Segue:</p><p style='color:red'> #boletos_tabela# </p><p>Obrigado.</p>",
    ):
        page = html_of(body)
        before, table, after = page.partition("<table")
        assert table
        assert before.strip() == "<p>Segue:</p>"
        assert after.partition("</table>")[2].strip() == "<p>Obrigado.</p>"


def test_a_table_of_no_titles_is_nothing() -> None:
    facts = replace(FACTS, titles=())
    assert text_of("a\n#boletos_tabela#\nb", facts) == "a\n\nb"
    assert text_of("#boleto_valor##boleto_situacao##boletos_total#", facts) == "R$ 0,00"
    assert "<table" not in html_of("#boletos_tabela#", facts)


def test_text_becomes_paragraphs_and_line_breaks() -> None:
    assert html_of("Olá <b,\r\nlinha 2 & 3\n \n\nFim") == (
        "<p>Olá &lt;b,<br>linha 2 &amp; 3</p>\n<p>Fim</p>"
    )


def test_simple_html_becomes_readable_text() -> None:
    body = (
        "<p>Olá <b>#cliente_primeiro_nome#</b>,</p><ul><li>um</li><li>dois</li></ul>"
        '<p>Veja <a href="https://example.com/p?a=1&amp;b=2">o portal</a>.<br>Até &lt;logo&gt;</p>'
        "<!-- nada --><style>p {}</style><script>x</script>"
    )
    assert text_of(body) == (
        "Olá Maria,\n\n- um\n- dois\n\nVeja o portal (https://example.com/p?a=1&b=2).\nAté <logo>"
    )


@pytest.mark.parametrize("body", ["5 < 6 > 3", "fulano <f@example.com>", "a <> b", "<3", "<bloco>"])
def test_text_with_angle_brackets_is_still_text(body: str) -> None:
    assert not is_html(body)
    assert text_of(body) == body


@pytest.mark.parametrize("body", ["<p>a</p>", "a<br>b", "a<BR/>b", "<a href='x'>y</a>"])
def test_a_tag_of_a_message_makes_it_html(body: str) -> None:
    assert is_html(body)


def test_values_are_escaped_in_html_and_left_alone_in_text() -> None:
    name = "<script>alert(1)</script> & \"Cia\" 'x'"
    facts = replace(FACTS, client=ClientFacts(name))
    assert text_of("#cliente_nome#", facts) == name
    page = html_of("<a title='#cliente_nome#'>#cliente_nome#</a>", facts)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&#x27;x&#x27;" in page
    evil = replace(DECEMBER, number="<b>", linha_digitavel="<i>")
    table = html_of("#boletos_tabela#", replace(FACTS, titles=(evil,)))
    assert "<b>" not in table
    assert "<i>" not in table


def test_a_value_that_looks_like_a_variable_is_not_replaced_again() -> None:
    facts = replace(FACTS, client=ClientFacts("#empresa_nome#"))
    assert text_of("#cliente_nome#", facts) == "#empresa_nome#"
    split = replace(FACTS, client=ClientFacts("#empresa_"), company=CompanyFacts("nome#"))
    assert text_of("#cliente_nome##empresa_nome#", split) == "#empresa_nome#"


@pytest.mark.parametrize(
    "literal", ["{{7*7}}", "{% for %}", "{0.__class__}", "%s", "${x}", "#nao_existe#", "#1", "#fff"]
)
def test_other_template_languages_and_unknown_names_stay_literal(literal: str) -> None:
    rendered = render(literal, literal, FACTS)
    assert (rendered.subject, rendered.text) == (literal, literal)


def test_the_subject_is_one_short_line() -> None:
    facts = replace(FACTS, client=ClientFacts("Ana\r\nBcc: x@y.z\x00\u2028\ud800 " + "B" * 400))
    subject = render("Boleto\r\n de #cliente_nome#", "x", facts).subject
    assert subject.startswith("Boleto de Ana Bcc: x@y.z BBB")
    assert subject.isprintable()
    assert len(subject) == SUBJECT_LIMIT
    assert subject.endswith("…")


def test_bodies_lose_control_characters_and_keep_their_lines() -> None:
    assert text_of("a\r\nb\rc\u2028d\x00e\x1bf\ud800g\th") == "a\nb\nc\ndefg\th"


def test_what_would_grow_without_end_is_refused() -> None:
    many = tuple(replace(DECEMBER, number=str(number)) for number in range(300))
    with pytest.raises(MessageTooLarge, match="menos variáveis"):
        render("x", "#boletos_tabela#" * 400, replace(FACTS, titles=many))
    with pytest.raises(MessageTooLarge, match="assunto"):
        render("x" * 201, "y", FACTS)
    with pytest.raises(MessageTooLarge, match="variáveis"):
        render("x", "#data_hoje#" * 501, FACTS)


@given(st.text(max_size=300), st.text(max_size=60))
@settings(deadline=None)
def test_no_text_and_no_name_breaks_rendering(body: str, name: str) -> None:
    tokens = "".join(variable.token for variable in CATALOGUE)
    rendered = render(body[:100], body + tokens, replace(FACTS, client=ClientFacts(name)))
    rendered.text.encode()
    rendered.html.encode()
    assert "\n" not in rendered.subject
    assert "#boletos_tabela#" not in rendered.text.replace(body, "")


@given(st.text(alphabet="<>/!-ap b=\"'#&;x\n", max_size=200))
@settings(deadline=None)
def test_no_markup_breaks_the_text_part(body: str) -> None:
    html_to_text(body)


@pytest.mark.parametrize(
    ("name", "document", "first"),
    [
        ("MARIA EDUARDA DA SILVA", "12345678909", "Maria"),
        ("maria da silva", "12345678909", "Maria"),
        ("Maria", "", "Maria"),
        ("  JOÃO   PAULO ", "", "João"),
        ("ANA-LUIZA PRADO", "", "Ana-Luiza"),
        ("D'ÁVILA", "", "D'ávila"),
        ("MORAES LTDA", "30955972000109", "Moraes LTDA"),
        ("Rodrigues S/A", "", "Rodrigues S/A"),
        ("PADARIA DO ZE ME", "", "Padaria do Ze ME"),
        ("Casa do Pão", "12ABC34501DE35", "Casa do Pão"),
        ("CONDOMÍNIO DAS FLORES", "", "Condomínio das Flores"),
        ("", "", ""),
    ],
)
def test_first_names(name: str, document: str, first: str) -> None:
    assert first_name(name, document) == first


def test_a_name_in_mixed_case_is_nobodys_business() -> None:
    assert calm("Maria de Sá") == "Maria de Sá"
    assert calm("McDonald LTDA") == "McDonald LTDA"


@pytest.mark.parametrize(
    ("hour", "said"),
    [
        (0, "Boa noite"),
        (4, "Boa noite"),
        (5, "Bom dia"),
        (11, "Bom dia"),
        (12, "Boa tarde"),
        (17, "Boa tarde"),
        (18, "Boa noite"),
        (23, "Boa noite"),
    ],
)
def test_greetings(hour: int, said: str) -> None:
    assert greeting(hour) == said


@pytest.mark.parametrize(
    ("document", "masked"),
    [
        ("12345678909", "***.456.789-**"),
        ("11222333000181", "**.222.333/****-**"),
        ("12ABC34501DE35", "**.ABC.345/****-**"),
        ("", ""),
        ("123", ""),
    ],
)
def test_documents_are_masked(document: str, masked: str) -> None:
    assert masked_document(document) == masked


def test_lists_read_as_a_person_writes_them() -> None:
    assert listed([]) == ""
    assert listed(["1"]) == "1"
    assert listed(["1", "", "2", "1"]) == "1 e 2"
    assert listed(["1", "2", "3"]) == "1, 2 e 3"

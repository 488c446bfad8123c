"""`#variavel#`: the catalogue, what is found, what is refused, what stays literal."""

import re
import time
from pathlib import Path

import pytest

from portal import ROOT
from portal.smtp.catalogue import BY_NAME, CATALOGUE, GROUPS
from portal.smtp.variables import (
    BODY_LIMIT,
    SUBJECT_LIMIT,
    VARIABLE_LIMIT,
    find,
    grouped,
    problems,
    unknown,
)

NAMES = [
    *("saudacao", "cliente_nome", "cliente_primeiro_nome", "cliente_cpf_cnpj", "cliente_endereco"),
    *("contrato_numero", "contrato_plano"),
    *("boleto_numero", "boleto_nosso_numero", "boleto_valor", "boleto_valor_atualizado"),
    *("boleto_vencimento", "boleto_competencia", "boleto_linha_digitavel", "boleto_situacao"),
    *("boletos_quantidade", "boletos_total", "boletos_total_atualizado", "boletos_tabela"),
    *("empresa_nome", "empresa_cnpj", "empresa_telefone", "empresa_email", "data_hoje"),
]


def test_the_catalogue_is_complete_and_grouped_in_the_order_of_the_screen() -> None:
    assert [variable.name for variable in CATALOGUE] == NAMES
    assert [group for group, _ in grouped()] == list(GROUPS)
    assert [item for _, items in grouped() for item in items] == list(CATALOGUE)
    for variable in CATALOGUE:
        assert variable.label
        assert variable.example
        assert re.fullmatch(r"#[a-z_]{3,}#", variable.token)


def test_variables_are_found_with_their_place() -> None:
    [first, second] = find("Olá #cliente_nome#,\n\n  vence em #boleto_vencimento#.")
    assert (first.name, first.line, first.column) == ("cliente_nome", 1, 5)
    assert (second.name, second.line, second.column) == ("boleto_vencimento", 3, 12)
    assert "Olá #cliente_nome#,"[first.start : first.end] == "#cliente_nome#"


@pytest.mark.parametrize(
    "text",
    [
        "boleto #1 e #2",
        "cor #fff ou #a1b2c3",
        "# título #",
        "#ab#",
        "##",
        "#cliente_nome",
        "cliente_nome#",
        "{{7*7}} {% for x in y %} {0.__class__} %s %(x)s ${x} $x <%= 1 %>",
    ],
)
def test_everything_else_is_ordinary_text(text: str) -> None:
    assert find(text) == []
    assert unknown(text) == []
    assert problems("Boleto", text) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("#clinte_nome#", "cliente_nome"),
        ("#nome_cliente#", "cliente_nome"),
        ("#boleto_vencimeto#", "boleto_vencimento"),
        ("#boleto_tabela#", "boletos_tabela"),
        ("#valor_boleto#", "boleto_valor"),
        ("#Cliente_Nome#", "cliente_nome"),
        ("#CLIENTE NOME#", "cliente_nome"),
        ("#saudação#", "saudacao"),
        ("#cliente-nome#", "cliente_nome"),
        ("#xyzxyz#", None),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(
    written: str, meant: str | None
) -> None:
    [found] = unknown(f"linha um\nOi {written}!")
    assert (found.line, found.column, found.suggestion) == (2, 4, meant)
    assert found.name == written.strip("#")
    hint = f" Você quis dizer #{meant}#?" if meant else ""
    assert found.message == f"{written} não existe.{hint}"


def test_the_hash_that_ends_one_variable_does_not_begin_another() -> None:
    assert [token.name for token in find("#cliente_nome#boleto_valor#")] == ["cliente_nome"]
    assert unknown("#cliente_nome#boleto_valor#") == []
    assert [token.name for token in find("#cliente_nome##boleto_valor#")] == [
        "cliente_nome",
        "boleto_valor",
    ]


def test_problems_name_field_place_and_cure() -> None:
    found = problems("Boleto #boleto_dia#", "Olá\n#clinte_nome#\n#boletos_tabela#")
    assert [(item.field, item.code, item.line, item.column) for item in found] == [
        ("subject", "unknown_variable", 1, 8),
        ("body", "unknown_variable", 2, 1),
    ]
    assert [item.code for item in problems(" ", "\n ")] == ["subject_missing", "body_missing"]
    [table] = problems("Boletos #boletos_tabela#", "x")
    assert (table.field, table.code) == ("subject", "block_in_subject")
    assert problems("Boleto #boleto_vencimento#", "#saudacao#\n#boletos_tabela#") == []


def test_limits_are_told_and_nothing_else_is_looked_at() -> None:
    assert problems("x" * SUBJECT_LIMIT, "y" * BODY_LIMIT) == []
    [long_subject] = problems("x" * (SUBJECT_LIMIT + 1), "#nada_disso#")
    assert (long_subject.field, long_subject.code) == ("subject", "too_long")
    [long_body] = problems("x", "ç" * (BODY_LIMIT // 2 + 1))
    assert (long_body.field, long_body.code) == ("body", "too_long")
    assert "100 kB" in long_body.message
    assert problems("x", "#data_hoje#" * VARIABLE_LIMIT) == []
    [many] = problems("x", "#data_hoje#" * (VARIABLE_LIMIT + 1))
    assert (many.code, str(VARIABLE_LIMIT) in many.message) == ("too_many_variables", True)


@pytest.mark.parametrize(
    "body",
    [
        "#cliente_nome#" * 100_000,
        "x" * 5_000_000,
        "#aaa" * 25_000,
        "#abc #" * 16_000,
        "<" * 100_000,
        "<a " * 33_000,
        "<!--" * 25_000,
        "<![" * 33_000,
        "#" + "a" * 99_000 + "#",
        "\n" * 100_000,
    ],
)
def test_hostile_bodies_are_judged_quickly(body: str) -> None:
    started = time.process_time()
    problems("x", body)
    assert time.process_time() - started < 1


def test_the_rules_of_the_message_use_the_standard_library_only() -> None:
    allowed = {"portal.core.money", "portal.core.errors"}
    seen: set[str] = set()
    waiting = ["portal.smtp.variables"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        source = Path(ROOT, *name.split(".")).with_suffix(".py").read_text()
        for found in re.findall(r"^(?:from|import) ([\w.]+)(?: import (.+))?", source, re.M):
            module = found[0]
            if module == "portal.smtp":  # from portal.smtp import a, b
                waiting += [f"portal.smtp.{part.strip()}" for part in found[1].split(",")]
            elif module.startswith("portal."):
                waiting += [module] if module not in seen and module not in allowed else []
            else:
                assert module.split(".")[0] not in ("flask", "sqlalchemy", "jinja2", "nh3")
    assert len(seen) >= 6


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(CATALOGUE)


def test_an_attribute_of_a_variable_is_refused_with_its_place():
    (found,) = unknown("Olá\n#cliente.__class__#, são #1.000# e {{7*7}}")
    assert (found.name, found.line, found.column) == ("cliente.__class__", 2, 1)

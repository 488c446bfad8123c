"""What a message must look like to be saved, with the place of what is wrong."""

from collections.abc import Iterator

from portal.core.errors import InvalidValue
from portal.smtp import variables

SHOWN = 5  # more refusals of one field than this help nobody

NEUTRAL_SUBJECT = "Boleto #empresa_nome#: contrato #contrato_numero#"
NEUTRAL_BODY = """#saudacao#, #cliente_primeiro_nome#.

Enviamos em anexo a sua cobrança:

#boletos_tabela#

Se o pagamento já foi feito, desconsidere esta mensagem.

Dúvidas? Fale conosco: #empresa_telefone# ou #empresa_email#.

#empresa_nome#"""


def message_problems(subject: str, body: str) -> Iterator[InvalidValue]:
    """Everything that forbids saving, one refusal per field: line, column, nearest known name."""
    found = variables.problems(subject, body)
    for field in ("subject", "body"):
        texts = [_placed(problem) for problem in found if problem.field == field]
        if len(texts) > SHOWN:
            texts = [*texts[:SHOWN], f"E mais {len(texts) - SHOWN}."]
        if texts:
            yield InvalidValue(field, " ".join(texts))


def _placed(problem: variables.Problem) -> str:
    if not problem.line:
        return problem.message
    if problem.field == "subject":
        return f"Coluna {problem.column}: {problem.message}"
    return f"Linha {problem.line}, coluna {problem.column}: {problem.message}"

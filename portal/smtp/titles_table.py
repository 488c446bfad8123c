"""`#boletos_tabela#`: every title with due date, amount and linha digitável."""

from decimal import Decimal
from html import escape

from portal.smtp.facts import MessageFacts, TitleFacts
from portal.smtp.wording import clean_line, day, money, situation

# Mail programs ignore style sheets: each cell carries its own style.
_INK, _SOFT, _LINE = "#17212b", "#5b6770", "#e3e7ea"
_TABLE = f"border-collapse:collapse;width:100%;max-width:600px;font-size:14px;color:{_INK}"
_HEAD = (
    f"padding:6px 8px;text-align:left;font-size:12px;color:{_SOFT};border-bottom:1px solid {_LINE}"
)
_CELL = "padding:10px 8px 2px 8px;text-align:left;vertical-align:top"
_DIGITS = f"padding:2px 8px 10px 8px;border-bottom:1px solid {_LINE};color:{_SOFT}"
_MONO = f"font-family:Consolas,Menlo,monospace;font-size:14px;color:{_INK}"
_TOTAL = "padding:10px 8px;font-weight:bold"
_RIGHT = ";text-align:right;white-space:nowrap"


def as_text(facts: MessageFacts) -> str:
    """Aligned lines, one or two per title, with a total below several."""
    titles = facts.titles_by_date
    rows = [
        (clean_line(title.number), situation(title.due_date, facts.today), money(title.amount))
        for title in titles
    ]
    total = money(sum_of(titles))
    if len(rows) > 1:
        rows.append(("Total", "", total))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = []
    for index, (number, when, amount) in enumerate(rows):
        lines.append(f"{number:<{widths[0]}}  {when:<{widths[1]}}  {amount:>{widths[2]}}".rstrip())
        if index < len(titles):
            below = (clean_line(titles[index].linha_digitavel), updated(titles[index], facts))
            lines += [f"  {line}" for line in below if line]
    return "\n".join(lines)


def as_html(facts: MessageFacts) -> str:
    """The same as a table whose styles are inline; every value escaped."""
    titles = facts.titles_by_date
    if not titles:
        return ""
    head = "".join(
        f'<th scope="col" style="{_HEAD}{_RIGHT if label == "Valor" else ""}">{label}</th>'
        for label in ("Boleto", "Vencimento", "Valor")
    )
    rows = "".join(_rows(title, facts) for title in titles)
    if len(titles) > 1:
        rows += (
            f'<tr><td colspan="2" style="{_TOTAL}">Total</td>'
            f'<td style="{_TOTAL}{_RIGHT}">{money(sum_of(titles))}</td></tr>'
        )
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def updated(title: TitleFacts, facts: MessageFacts) -> str:
    """What a title past due costs on the day of the e-mail; "" where that is its amount."""
    if title.to_pay == title.amount:
        return ""
    return f"Com multa e juros até {day(facts.today)}: {money(title.to_pay)}"


def sum_of(titles: list[TitleFacts]) -> Decimal:
    """The total in reais."""
    return sum((title.amount for title in titles), Decimal(0))


def _rows(title: TitleFacts, facts: MessageFacts) -> str:
    number, digits = escape(clean_line(title.number)), escape(clean_line(title.linha_digitavel))
    when = situation(title.due_date, facts.today)
    code = f'Linha digitável: <span style="{_MONO}">{digits}</span>' if digits else ""
    code = "<br>".join(filter(None, (code, updated(title, facts))))
    return (
        f'<tr><td style="{_CELL}">{number}</td><td style="{_CELL}">{when}</td>'
        f'<td style="{_CELL}{_RIGHT};font-weight:bold">{money(title.amount)}</td></tr>'
        f'<tr><td colspan="3" style="{_DIGITS}">{code}</td></tr>'
    )

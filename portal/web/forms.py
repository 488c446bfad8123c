"""Forms: pt-BR messages, trimmed text, money as people write it."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.i18n import get_builtin_gnu_translations
from wtforms.validators import InputRequired, Length, StopValidation, ValidationError
from wtforms.widgets import TextInput

from portal.core.errors import Conflict, InvalidValue
from portal.core.money import format_amount, parse_amount
from portal.core.text import one_line

REQUIRED = "Preencha este campo."
# What WTForms says by itself, in our words; what is not here it says in its own Portuguese.
PT_BR = {
    "Not a valid choice.": "Escolha um item da lista.",
    "Not a valid date value.": "Data inválida: escreva como 31/12/2026.",
    "Not a valid integer value.": "Informe um número inteiro.",
    "Not a valid decimal value.": "Informe um número, por exemplo 10,50.",
    "This field is required.": REQUIRED,
}


class Messages:
    """Translations of the messages of WTForms."""

    _rest = get_builtin_gnu_translations(("pt",))

    def gettext(self, text: str) -> str:
        """`text` in Portuguese."""
        return PT_BR.get(text) or str(self._rest.gettext(text))

    def ngettext(self, one: str, many: str, count: int) -> str:
        """As `gettext`, for a text that depends on a number."""
        return str(self._rest.ngettext(one, many, count))


class PortalForm(FlaskForm):
    """Base of every form. Unknown posted fields are ignored: only declared ones are read."""

    outdated = False  # whether what the form was filled from changed meanwhile

    class Meta(FlaskForm.Meta):
        """Messages in Portuguese."""

        def get_translations(self, form: Any) -> Messages:
            return Messages()

    def to_command(self) -> dict[str, Any]:
        """Field values by name, without the CSRF token and the version."""
        return {
            name: field.data
            for name, field in self._fields.items()
            if name not in ("csrf_token", "version") and field.type != "SubmitField"
        }

    def reject(self, error: InvalidValue | Conflict) -> int:
        """Show a service's refusal: of a value, beside the field that it names.

        Returns the status to answer with; what was typed stays in the form either way.
        """
        if isinstance(error, Conflict):
            self.form_errors.append(str(error))
            self.outdated = error.outdated
            return 409
        field = self._fields.get(error.field)
        if field is None:
            self.form_errors.append(str(error))
        else:
            field.errors = [*field.errors, str(error)]
        return 422


class EditForm(PortalForm):
    """A form of a row that two people may edit at once: it carries the version that was read."""

    version = HiddenField()

    @property
    def seen_version(self) -> int:
        """The row's version when the page was opened; 0 (never valid) when unreadable."""
        return version_of(self.version.data)


def version_of(raw: object) -> int:
    """A row's version as a form carries it; 0 (never valid) when unreadable."""
    text = str(raw or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class Required(InputRequired):
    """As WTForms' own, and spaces alone do not count."""

    def __call__(self, form: Any, field: Field) -> None:
        super().__call__(form, field)
        if isinstance(field.data, str) and not field.data.strip():
            field.errors[:] = []
            raise StopValidation(REQUIRED)


def required() -> Required:
    """The field must be filled."""
    return Required(REQUIRED)


def at_most(size: int) -> Length:
    """No more than `size` characters."""
    return Length(max=size, message=f"No máximo {size} caracteres.")


def clean(value: Any) -> Any:
    """Trim text; drop NUL and other control characters that no field needs."""
    if not isinstance(value, str):
        return value
    return "".join(char for char in value if char >= " " or char in "\n\t").strip()


class TextField(StringField):
    """One line of text: trimmed, control characters and line breaks removed."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if isinstance(self.data, str):
            self.data = one_line(self.data)


class LongTextField(TextAreaField):
    """Lines of text; line ends become `\\n`."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if isinstance(self.data, str):
            self.data = clean(self.data.replace("\r\n", "\n").replace("\r", "\n"))


class MoneyField(Field):
    """An amount in reais; `data` is Decimal or None."""

    widget = TextInput()
    data: Decimal | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return format_amount(self.data) if self.data is not None else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            try:
                self.data = parse_amount(valuelist[0])
            except InvalidValue as error:
                raise ValueError(str(error)) from None


class PercentField(MoneyField):
    """A percentage from 0 to 100 with two places, written `2,00`."""

    def process_formdata(self, valuelist: list[str]) -> None:
        raw = valuelist[0].strip().removesuffix("%").strip() if valuelist else ""
        if raw.replace(",", "").replace("0", "") == "":
            self.data = Decimal("0.00")
            return
        super().process_formdata([raw])
        if self.data is not None and self.data > 100:
            raise ValueError("Informe uma porcentagem de 0 a 100.")


class MonthField(StringField):
    """A competence, `2026-12` or `12/2026`; `data` is the first of the month or None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = parse_month(valuelist[0])

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.strftime("%Y-%m") if self.data else ""


def parse_month(text: str) -> date:
    """The first day of `2026-12` or `12/2026`; ValueError in pt-BR otherwise."""
    raw = text.strip()
    try:
        if "/" in raw:
            month_text, year_text = raw.split("/")
        else:
            year_text, month_text = raw.split("-")[:2]
        value = date(int(year_text), int(month_text), 1)
    except ValueError:
        raise ValueError(f"Competência “{raw[:20]}” inválida: escreva como 12/2026.") from None
    if not 2000 <= value.year <= 2100:
        raise ValueError("Competência fora do intervalo de 2000 a 2100.")
    return value


def invalid(message: str) -> ValidationError:
    """A validator's refusal."""
    return ValidationError(message)

"""Forms of the privacy pages."""

from collections.abc import Iterable

from portal.core.errors import InvalidValue
from portal.privacy.retention import MOST_DAYS
from portal.smtp.forms import OptionalNumberField, RulesForm
from portal.web.forms import PortalForm, TextField, required


class RetentionForm(RulesForm):
    """Privacidade: how long personal data are kept."""

    keep_bodies_days = OptionalNumberField("Guardar os textos dos e-mails por quantos dias")
    keep_accesses_days = OptionalNumberField("Guardar quem viu os dados por quantos dias")

    def problems(self) -> Iterable[InvalidValue]:
        for name in ("keep_bodies_days", "keep_accesses_days"):
            days = self[name].data
            if days is not None and not 1 <= days <= MOST_DAYS:
                yield InvalidValue(name, f"Informe de 1 a {MOST_DAYS} dias, ou deixe em branco.")


class AnonymiseForm(PortalForm):
    """The client's code, typed, as confirmation."""

    code = TextField("Código do cliente, para confirmar", [required()])

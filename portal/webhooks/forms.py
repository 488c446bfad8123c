"""Forms of the webhooks."""

from wtforms import HiddenField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.web.forms import PortalForm, TextField, at_most, required
from portal.webhooks.destinations import EXAMPLE, MAX_URL
from portal.webhooks.labels import EVENTS
from portal.webhooks.models import Event

HELP = {
    "url": f"Endereço completo no seu sistema, por exemplo {EXAMPLE}. Deve responder 2xx em 10 s.",
}


class WebhookForm(PortalForm):
    """Who is told, and of what."""

    version = HiddenField()
    url = TextField("Endereço", [required(), at_most(MAX_URL)])
    events = SelectMultipleField(
        "Eventos",
        choices=[(event.value, EVENTS[event]) for event in Event],
        default=[event.value for event in Event],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    @property
    def seen_version(self) -> int:
        """The webhook's version when the page was opened; 0 (never valid) when unreadable."""
        return version_of(self.version.data)


def version_of(raw: object) -> int:
    """A row's version as a form carries it; 0 (never valid) when unreadable."""
    text = str(raw or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

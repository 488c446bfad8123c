"""Forms of the webhooks."""

from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.web.forms import EditForm, TextField, at_most, required
from portal.webhooks.destinations import EXAMPLE, MAX_URL
from portal.webhooks.labels import EVENTS
from portal.webhooks.models import Event

HELP = {
    "url": f"Endereço completo no seu sistema, por exemplo {EXAMPLE}. Deve responder 2xx em 10 s.",
}


class WebhookForm(EditForm):
    """Who is told, and of what."""

    url = TextField("Endereço", [required(), at_most(MAX_URL)])
    events = SelectMultipleField(
        "Eventos",
        choices=[(event.value, EVENTS[event]) for event in Event],
        default=[event.value for event in Event],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

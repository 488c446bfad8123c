"""Words of the parameters."""

from portal.settings.models import DeliveryType

DELIVERY_NAMES = {DeliveryType.EMAIL: "E-mail", DeliveryType.PRINTED: "Impresso"}

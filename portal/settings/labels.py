"""Words of the parameters."""

from portal.settings.models import BusinessDayRule, DeliveryType

BUSINESS_DAY_NAMES = {
    BusinessDayRule.KEEP: "Manter o dia do contrato",
    BusinessDayRule.NEXT: "Passar para o dia útil seguinte",
}
DELIVERY_NAMES = {DeliveryType.EMAIL: "E-mail", DeliveryType.PRINTED: "Impresso"}

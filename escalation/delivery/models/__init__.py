from escalation.delivery.models.delivery import Delivery
from escalation.delivery.models.endpoint import Endpoint

__all__ = ["Delivery", "Endpoint"]

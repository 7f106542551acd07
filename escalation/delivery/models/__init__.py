from escalation.delivery.models.delivery import Delivery
from escalation.delivery.models.endpoint import Endpoint
from escalation.delivery.models.receiver import Receiver

__all__ = ["Delivery", "Endpoint", "Receiver"]

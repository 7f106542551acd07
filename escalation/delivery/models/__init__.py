from escalation.delivery.models.channel import Channel
from escalation.delivery.models.delivery import Delivery
from escalation.delivery.models.endpoint import Endpoint
from escalation.delivery.models.notification import Notification
from escalation.delivery.models.receiver import Receiver

__all__ = ["Channel", "Delivery", "Endpoint", "Notification", "Receiver"]

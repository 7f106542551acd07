"""The product's settings, with the yardsticks' rows and no-op Celery tasks beside it in the same database."""

from escalation.settings import *  # noqa: F403
from escalation.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT, "rest_framework.authtoken", "bench.stock"]

# Who measures has no phone: what is behind the second factor is what takes the time.
SECOND_FACTOR_FOR_STAFF = False

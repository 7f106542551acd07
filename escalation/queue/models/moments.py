from django.db import models


class DatabaseMoment(models.DateTimeField):  # type: ignore[type-arg]
    """A moment taken from the database's clock and read back with the INSERT.

    Hosts' clocks differ; leases, deadlines and their order must not depend on which host asked.
    """

    db_returning = True

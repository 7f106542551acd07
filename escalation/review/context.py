"""What every page knows without being told by its view."""

from django.conf import settings
from django.http import HttpRequest


def local_model(request: HttpRequest) -> dict[str, bool]:
    """Whether the agents talk to the stand-in on this machine, so that nobody takes it for the real model."""
    return {"local_model": settings.LOCAL_MODEL}


def section(request: HttpRequest) -> dict[str, str]:
    """The first part of the address, by which the page marks where one is."""
    return {"section": request.path.split("/")[1]}

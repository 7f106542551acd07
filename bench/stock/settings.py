"""A fresh project's middleware and REST framework's own defaults, on the product's PostgreSQL.

Connections are kept and checked as Django's manual says; prepared statements belong to what is measured.
"""

from bench.settings import *  # noqa: F403
from bench.settings import DATABASES as PRODUCT

DATABASES = {
    "default": PRODUCT["default"]
    | {
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": PRODUCT["default"]["OPTIONS"] | {"server_side_binding": False, "prepare_threshold": None},
    }
}

ROOT_URLCONF = "bench.stock.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

"""A fresh project's apps and middleware, and REST framework's own defaults, on the product's PostgreSQL.

Connections are kept and checked as Django's manual says; prepared statements belong to what is measured.
"""

from bench.settings import ALLOWED_HOSTS, DEFAULT_AUTO_FIELD, SECRET_KEY, USE_I18N, WSGI_APPLICATION
from bench.settings import DATABASES as PRODUCT

__all__ = ["ALLOWED_HOSTS", "DEFAULT_AUTO_FIELD", "SECRET_KEY", "USE_I18N", "WSGI_APPLICATION"]

DATABASES = {
    "default": PRODUCT["default"]
    | {
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": PRODUCT["default"]["OPTIONS"] | {"server_side_binding": False, "prepare_threshold": None},
    }
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "bench.stock",
]
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

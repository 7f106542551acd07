"""Every setting, read from the environment; the defaults run on a laptop.

`.env.example` lists the names with what they do. Durations ending in `_S` are seconds.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ

from escalation import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")


def text(name: str, default: str = "") -> str:
    """A setting's text; set to nothing is the same as not set, as in a compose file."""
    return env.str(name, "") or default


# Where the embedded stack keeps its data and sockets, and where every command looks for them.
DATA_DIR = Path(
    text("OTHERWISE_DATA_DIR", "/var/lib/otherwise" if os.geteuid() == 0 else str(BASE_DIR / ".data"))
)
SOCKET_DIR = DATA_DIR / "run"
# While a stack is up, its addresses stand here.
env.read_env(DATA_DIR / "stack.env")

DEBUG = env.bool("DEBUG", False)
# Set for the demo stack, which runs on a loopback address with sign-ins that are known to everyone.
DEMO = env.bool("OTHERWISE_DEMO", False)
SECRET_KEY = text("SECRET_KEY")
if not SECRET_KEY:
    secret_file = DATA_DIR / "secret_key"
    SECRET_KEY = secret_file.read_text() if os.access(secret_file, os.R_OK) else "insecure-no-stack-is-up"
# Former keys: what was signed or locked with one still opens while a new one takes over.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = text("PUBLIC_URL", "http://127.0.0.1:8000")
HTTPS = env.bool("HTTPS", PUBLIC_URL.startswith("https://"))

INSTALLED_APPS = [
    "escalation.access",
    "escalation.queue",
    "escalation.gating",
    "escalation.tuning",
    "escalation.delivery",
    "escalation.review",
    "escalation.api",
    "escalation.stack",
    "agents",
    "escalation.access.apps.OpsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    # Yours: apps with agents of your own, found without a change to this file.
    *env.list("APPS", default=[]),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "escalation.policy_header.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "escalation.logs.RequestLog",
    "escalation.review.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "escalation.urls"
WSGI_APPLICATION = "escalation.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "escalation.review.context.local_model",
                "escalation.review.context.section",
            ],
        },
    },
]

# PostgreSQL: the embedded server's socket, or DATABASE_URL.
DATABASES: dict[str, Any] = {
    "default": env.db("DATABASE_URL")
    if text("DATABASE_URL")
    else {
        "NAME": "otherwise",
        "USER": "otherwise",
        "HOST": str(SOCKET_DIR),
    }
}
DATABASES["default"] |= {
    "ENGINE": "escalation.database",
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE_S", 60),
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "options": (
            "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
            # Compiling a plan takes longer than any statement of ours.
            " -c jit=off"
        ),
        "connect_timeout": 5,
        # A statement is parsed and planned once for each connection, not for each request. PgBouncer in
        # transaction mode can do this since 1.22, when max_prepared_statements is set.
        "server_side_binding": True,
        "prepare_threshold": 5 if env.bool("PREPARED_STATEMENTS", True) else None,
    }
    | DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: the embedded server's socket, or REDIS_URL. Nothing in it that PostgreSQL cannot rebuild.
REDIS_URL = text("REDIS_URL", f"unix://{SOCKET_DIR}/redis.sock")

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["escalation.review.authentication.PeopleBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "escalation.access.sessions"
# How long a sign-in is good for tokens, secrets and policies; after that, people show again who they are.
CONFIRM_EVERY = timedelta(seconds=env.int("CONFIRM_EVERY_S", 900))
# Whether staff must have a second factor to enter the admin.
SECOND_FACTOR_FOR_STAFF = env.bool("SECOND_FACTOR_FOR_STAFF", not DEMO)

# What allauth remembers: tries to sign in. In PostgreSQL, so that sign-in needs no Redis.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "access_remembered",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
ACCOUNT_ADAPTER = "escalation.access.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("TRUST_PROXY", False) else 0
MFA_ADAPTER = "escalation.access.keys.KeyAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Otherwise"
# Addresses are not kept here: what a provider says of one must not keep anybody from a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# Signing in at an OpenID Connect provider, when one is named.
OIDC_ISSUER = text("OIDC_ISSUER")
OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = text("OIDC_CLIENT_ID"), text("OIDC_CLIENT_SECRET")
OIDC_NAME = text("OIDC_NAME", "your organisation") if OIDC_ISSUER else ""
OIDC_CLAIM = text("OIDC_CLAIM", "email")
OIDC_CREATE_USERS = env.bool("OIDC_CREATE_USERS", False)
SOCIALACCOUNT_ADAPTER = "escalation.access.adapters.ProviderAdapter"
# By a link: a form may lead nowhere else under our policy, not by way of a redirect either.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER, "oauth_pkce_enabled": True},
            }
        ]
        if OIDC_ISSUER
        else []
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = text("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = text("STATIC_ROOT", str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

# Security: the same strict policy on every page, the admin included.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", False) else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "otherwise_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "otherwise_csrf"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["escalation.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["escalation.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "escalation.api.problems.as_problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Otherwise",
    "DESCRIPTION": "Escalate to a human, pass a gate, read the decision back.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    # Shapes write their own schemas, enumerations included.
    "POSTPROCESSING_HOOKS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Celery: the broker is a doorbell; what is to be done stands in PostgreSQL.
CELERY_BROKER_URL = text("CELERY_BROKER_URL", REDIS_URL.replace("unix://", "redis+socket://"))
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
}
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "agents.advance_run": {"queue": "runs"},
    "delivery.send_delivery": {"queue": "delivery"},
}
# A tick that nobody took is worth nothing once the next has come. But a worker tells by its own clock whether
# it is late, and that may not be beat's.
CLOCKS_DIFFER_S = 300
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds + CLOCKS_DIFFER_S}}
    for name, seconds in {
        "agents.sweep_runs": 5,
        "queue.expire_overdue": 10,
        "queue.widen_what_waits": 10,
        "queue.note_loads": 30,
        "delivery.sweep_deliveries": 5,
        "delivery.sweep_news": 10,
        "tuning.propose_thresholds": 900,
        "tuning.tally": 20,
        "review.count_days": 60,
        "tuning.watch_for_drift": 60,
        "tuning.calibrate": 900,
        "gating.look_after_agents": 60,
        "agents.sweep_drills": 15,
        "access.forget": 3600,
        **({"stack.feed_the_demo": 20} if DEMO else {}),
    }.items()
}

# How long an agent whose drills went stale, or failed, stays live before it falls back to shadow mode.
DRILL_GRACE = timedelta(seconds=env.int("DRILL_GRACE_S", 3 * 86_400))
# How often drills are repeated while nothing changes.
DRILL_EVERY = timedelta(seconds=env.int("DRILL_EVERY_S", 7 * 86_400))

# The queue.
CLAIM_LEASE = timedelta(seconds=env.int("CLAIM_LEASE_S", 300))
UNDO_WINDOW = timedelta(seconds=env.int("UNDO_WINDOW_S", 5))

# Where the shipped agents look things up: your help centre and shop, or the demo's.
BACK_OFFICE_URL = text("BACK_OFFICE_URL", "http://127.0.0.1:8902")

# The model: the real API when a key is set, else the local Messages API on this machine.
ANTHROPIC_API_KEY = text("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = text("ANTHROPIC_BASE_URL")
LOCAL_MODEL = ANTHROPIC_BASE_URL.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
RUN_LEASE = timedelta(seconds=env.int("RUN_LEASE_S", 20))
DAILY_BUDGET_USD = env.float("DAILY_BUDGET_USD", 50.0)

# How many requests a token may make in a minute, all web processes together; 0 is no limit.
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", 6000)
# What whoever reads /metrics presents as a bearer token. Without one, only this machine itself reads them.
METRICS_TOKEN = text("METRICS_TOKEN")

# Webhooks: private addresses are refused unless this is set (a receiver inside your own network).
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", False)

# Notifications. Without a mail server, mail is written to the log.
EMAIL_HOST = text("EMAIL_HOST")
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = text("EMAIL_HOST_USER"), text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", EMAIL_PORT == 587)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = text("MAIL_FROM", "otherwise@localhost")
PAGERDUTY_URL = text("PAGERDUTY_URL", "https://events.pagerduty.com/v2/enqueue")
# Apprise services that a person may name. Each has a host of its own: no address leads into our network.
NOTIFICATION_SERVICES = env.list(
    "NOTIFICATION_SERVICES", default=["discord", "gchat", "opsgenie", "pover", "signl4", "tgram", "webex"]
)

# One line a request, when it is over; LOG_FORMAT is "console" or "json".
LOG_FORMAT = text("LOG_FORMAT", "console")
LOG_LEVEL = text("LOG_LEVEL", "INFO")
LOGGING = logs.configure(LOG_FORMAT, LOG_LEVEL)

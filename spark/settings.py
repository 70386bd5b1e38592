# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settings, all from the environment. docs/settings.md explains each; a test holds the two together."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from spark.environment import Environment, read_env_files

BASE_DIR = Path(__file__).resolve().parent.parent

read_env_files(BASE_DIR)
env = Environment()

# --- Django -----------------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. `make setup` makes one for the private services; on a server put a long random "
            "one into .env (docs/settings.md)."
        )
    SECRET_KEY = "only-for-debugging"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "rest_framework",
    "drf_spectacular",
    "leaflet",
    "django_rq",
    "spark.apps.SparkConfig",
    "camera_registry",
    "apps.parking",
    "apps.api",
    "apps.webmap",
    "apps.ops",
    "apps.owners",
    "apps.demo",
    "workers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

ROOT_URLCONF = "spark.urls"
WSGI_APPLICATION = "spark.wsgi.application"
ASGI_APPLICATION = "spark.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Debian 12 and Ubuntu 24.04 ship a GDAL that this check asks to upgrade; only staff hand us geometry files.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]

LANGUAGE_CODE = "en-gb"
#: The driver's page speaks these, each under its own name; everything else is English.
LANGUAGES = [("en-gb", "English"), ("tr", "Türkçe")]
LANGUAGE_COOKIE_NAME = "language"
TIME_ZONE = "UTC"
USE_TZ = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Where things are kept --------------------------------------------------------------------------------------------

SPARK_VAR = env.folder_or_file("SPARK_VAR", default=BASE_DIR / "var")
SPARK_INBOX = env.folder_or_file("SPARK_INBOX", default=SPARK_VAR / "inbox")

STATIC_URL = "/static/"
STATIC_ROOT = SPARK_VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "spark.static.HashedStaticFilesStorage"},
}

# --- PostgreSQL and Redis ---------------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default="postgis://spark@127.0.0.1:5432/spark")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

# --- The SFTP door ----------------------------------------------------------------------------------------------------

SPARK_SFTP_HOST = env.str("SPARK_SFTP_HOST", default="127.0.0.1")
SPARK_SFTP_PORT = env.int("SPARK_SFTP_PORT", default=2222)
SPARK_SFTP_HOST_KEY = env.folder_or_file("SPARK_SFTP_HOST_KEY", default=SPARK_VAR / "sftp_host_key")
SPARK_SFTP_PUBLIC_HOST = env.str("SPARK_SFTP_PUBLIC_HOST", default="")
SPARK_SFTP_PUBLIC_PORT = env.int("SPARK_SFTP_PUBLIC_PORT", default=0)
SPARK_MAX_UPLOAD_BYTES = env.int("SPARK_MAX_UPLOAD_BYTES", default=16 * 1024 * 1024)
SPARK_UPLOADS_PER_MINUTE = env.int("SPARK_UPLOADS_PER_MINUTE", default=120)

# --- Camera owners ----------------------------------------------------------------------------------------------------

SPARK_CAMERAS_PER_OWNER = env.int("SPARK_CAMERAS_PER_OWNER", default=5)

# --- Intake -----------------------------------------------------------------------------------------------------------

SPARK_FRAME_TTL_S = env.int("SPARK_FRAME_TTL_S", default=60)
SPARK_INBOX_MAX_AGE_S = env.int("SPARK_INBOX_MAX_AGE_S", default=300)
SPARK_MAX_PIXELS = env.int("SPARK_MAX_PIXELS", default=25_000_000)
SPARK_QUIET_S = env.float("SPARK_QUIET_S", default=0.3)
SPARK_RESCAN_S = env.float("SPARK_RESCAN_S", default=5.0)

# --- Telling people ---------------------------------------------------------------------------------------------------

_email_url = env.str("EMAIL_URL", default="")
SPARK_SENDS_EMAIL = bool(_email_url)
if SPARK_SENDS_EMAIL:
    globals().update(env.email_url_config(_email_url))
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
#: Seconds. A mail server that does not answer must hold up nobody for long.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="spark@localhost")
SPARK_SITE_URL = env.str("SPARK_SITE_URL", default="")
SPARK_ALERTS_EVERY_S = env.float("SPARK_ALERTS_EVERY_S", default=15.0)
SPARK_WEBHOOK_PRIVATE = env.bool("SPARK_WEBHOOK_PRIVATE", default=False)
SPARK_MONITOR_TOKEN = env.str("SPARK_MONITOR_TOKEN", default="")

# --- Workers ----------------------------------------------------------------------------------------------------------

SPARK_WEIGHTS = env.str("SPARK_WEIGHTS", default="")
SPARK_ENGINE = env.str("SPARK_ENGINE", default="openvino")
SPARK_THRESHOLD = env.float("SPARK_THRESHOLD", default=0.45)
SPARK_DOUBT_THRESHOLD = env.float("SPARK_DOUBT_THRESHOLD", default=0.2)
SPARK_CLASSES = env.list("SPARK_CLASSES", default=[])
SPARK_LONG_SIDE = env.int("SPARK_LONG_SIDE", default=None)
SPARK_BATCH = env.int("SPARK_BATCH", default=4)
SPARK_LEASE_S = env.int("SPARK_LEASE_S", default=60)
SPARK_WORKER_MAX_JOBS = env.int("SPARK_WORKER_MAX_JOBS", default=1000)

RQ_QUEUES = {"frames": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": SPARK_LEASE_S}}
RQ_SHOW_ADMIN_LINK = False

# --- What is offered, and how it is shown -----------------------------------------------------------------------------

SPARK_VALIDITY_S = env.int("SPARK_VALIDITY_S", default=120)
SPARK_FREE_AFTER = env.int("SPARK_FREE_AFTER", default=2)
SPARK_HIDDEN_SHARE = env.float("SPARK_HIDDEN_SHARE", default=0.4)
SPARK_VEHICLE_CLASSES = env.list(
    "SPARK_VEHICLE_CLASSES",
    default=["3.6x1.7", "4.2x1.8", "4.8x1.9", "5.4x2.0", "6.0x2.1", "7.0x2.3", "8.0x2.5"],
)
SPARK_SNAPSHOTS_KEPT = env.int("SPARK_SNAPSHOTS_KEPT", default=1000)
SPARK_POLL_S = env.float("SPARK_POLL_S", default=5.0)
SPARK_TILE_URL = env.str("SPARK_TILE_URL", default="")
SPARK_TILE_ATTRIBUTION = env.str("SPARK_TILE_ATTRIBUTION", default="")
SPARK_PMTILES = env.str("SPARK_PMTILES", default="")
SPARK_GOOGLE_MAPS_KEY = env.str("SPARK_GOOGLE_MAPS_KEY", default="")
SPARK_GOOGLE_MAP_ID = env.str("SPARK_GOOGLE_MAP_ID", default="DEMO_MAP_ID")
SPARK_GOOGLE_MAPS_VERSION = env.str("SPARK_GOOGLE_MAPS_VERSION", default="quarterly")
SPARK_GOOGLE_REGION = env.str("SPARK_GOOGLE_REGION", default="")
SPARK_ROUTING_URL = env.str("SPARK_ROUTING_URL", default="")
SPARK_GEOCODER_URL = env.str("SPARK_GEOCODER_URL", default="")
SPARK_GEOCODER_ATTRIBUTION = env.str("SPARK_GEOCODER_ATTRIBUTION", default="")

# --- The API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SPARK",
    "DESCRIPTION": "Free parking on streets without marked stalls.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Behind a proxy, and logging --------------------------------------------------------------------------------------

SPARK_BEHIND_TLS_PROXY = env.bool("SPARK_BEHIND_TLS_PROXY", default=False)
if SPARK_BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 30 * 24 * 3600

SPARK_LOG_LEVEL = env.str("SPARK_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}},
    "root": {"handlers": ["stderr"], "level": SPARK_LOG_LEVEL},
    "loggers": {"asyncssh": {"level": "WARNING"}, "numba": {"level": "WARNING"}},
}

#: Every variable the settings read, with its default; used by the checks and the documentation's test.
ENVIRONMENT = dict(env.declared)

"""The worker and the clock. Tasks look for rows that wait in a state; a message is only a bell."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("cstraject")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

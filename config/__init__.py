"""How it is switched on: settings, URLs, Celery, embedded servers, WSGI. No business word."""

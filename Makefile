# Each target sets up what it needs; `make run` and `make test` work on a fresh machine.
# Needs: Python 3.11 or newer with venv, make. No Docker, no server, no key.

PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)
bin := .venv/bin
python := $(bin)/python
manage := $(python) manage.py
compile := $(bin)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"
production := env SECRET_KEY=$$($(python) -c 'import secrets; print(secrets.token_urlsafe(50))') OTHERWISE_DEMO= DEBUG= \
	PUBLIC_URL=https://otherwise.example ALLOWED_HOSTS=otherwise.example

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench soak lock format openapi clean chromium
MAKEFLAGS += --no-print-directory

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed  ## install everything into .venv

.venv/installed: requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=…" >&2; exit 1; }
	@test -x $(python) || $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "This Python cannot make environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(python) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: setup  ## start the whole product; prints the address and the sign-ins (ARGS="--port 9000")
	@$(manage) up $(ARGS)

test: setup chromium  ## run all tests
	$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not soak" $(ARGS)

soak: setup chromium  ## run the slow fault and load tests
	$(python) -m pytest -m soak $(ARGS)

bench: setup  ## measure what the product promises about speed
	$(python) -m bench $(ARGS)

check: setup  ## everything but the tests: format, lint, types, contracts, templates, migrations, OpenAPI, deploy
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/djade --check --target-version 5.2 $$(find templates escalation agents -name '*.html')
	$(python) -m escalation.stack.throwaway $(MAKE) check-project

check-project:  # on the servers of `throwaway`
	$(manage) check --database default --fail-level WARNING
	$(manage) makemigrations --check --dry-run
	$(manage) spectacular --validate --fail-on-warn --file .venv/openapi.yaml
	diff -u docs/openapi.yaml .venv/openapi.yaml || { echo "The API changed: run make openapi" >&2; exit 1; }
	$(production) $(manage) check --deploy --fail-level WARNING

openapi: setup  ## write docs/openapi.yaml
	$(manage) spectacular --validate --fail-on-warn --file docs/openapi.yaml

format: setup  ## put code and templates in form
	$(bin)/ruff check --fix --quiet . ; $(bin)/ruff format .
	$(bin)/djade --target-version 5.2 $$(find templates escalation agents -name '*.html')

lock:  ## pin the dependencies of pyproject.toml, with hashes (ARGS=--upgrade for newer ones)
	@test -x $(bin)/uv || $(MAKE) setup
	$(compile) $(ARGS) --output-file requirements.lock
	$(compile) $(ARGS) --extra dev --output-file requirements-dev.lock

chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else \
		echo "The browser tests need Chromium: sudo apt-get install chromium" >&2; exit 1; \
	fi

clean:  ## remove what the tools left behind; the data stay
	rm -rf .mypy_cache .ruff_cache clients/python/.ruff_cache .pytest_cache .hypothesis .import_linter_cache .venv/openapi.yaml
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

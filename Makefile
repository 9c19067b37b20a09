# `make demo` runs it, `make test` proves it, `make help` tells the rest.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo clean-demo test lint format lock bench clean browser checks

PYTHON := .venv/bin/python
# Named after what they install: a second run installs nothing, a changed list installs anew.
FOR_DEMO := .venv/for-demo-$(firstword $(shell cksum requirements.txt))
FOR_TEST := .venv/for-test-$(firstword $(shell cksum requirements-dev.txt))
WORDS := $(patsubst %.po,%.mo,$(wildcard apps/*/locale/*/LC_MESSAGES/django.po))

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(FOR_DEMO) $(WORDS)  ## the whole system with example data, on this machine
	@SECOND_FACTOR=$${SECOND_FACTOR:-off} $(PYTHON) -m config.demo

clean-demo: $(FOR_DEMO)  ## forget what the demo keeps
	@$(PYTHON) -m config.demo --clean

test: $(FOR_TEST) $(WORDS) browser checks  ## everything we know, from style to browser
	$(PYTHON) -m pytest --numprocesses 2 --dist worksteal

lint: $(FOR_TEST) checks  ## style, types and floors alone

format: $(FOR_TEST)  ## put the code in its usual shape
	.venv/bin/ruff check --fix --exit-zero
	.venv/bin/ruff format

bench: $(FOR_TEST) $(WORDS)  ## how long things take; asserts nothing
	$(PYTHON) -m pytest tests/bench --override-ini=python_files='bench_*.py' -s -p no:randomly

lock: $(FOR_TEST)  ## write the versions and their hashes (UPGRADE=--upgrade: newer ones)
	@$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip compile --quiet $(UPGRADE) --universal --generate-hashes --no-annotate \
	  --python-version 3.11 pyproject.toml --extra embedded -o requirements.txt
	$(PYTHON) -m uv pip compile --quiet $(UPGRADE) --universal --generate-hashes --no-annotate \
	  --python-version 3.11 pyproject.toml --extra embedded --extra dev -c requirements.txt \
	  -o requirements-dev.txt

clean:  ## remove what was installed and cached; the demo's data stay
	rm -rf .venv static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f $(WORDS)
	find apps config cstraject tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The steps under these.

checks: $(FOR_TEST)
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-logo

browser:
	@sh config/bootstrap.sh browser

$(PYTHON):
	@sh config/bootstrap.sh venv

$(FOR_DEMO) $(FOR_TEST): | $(PYTHON)
	@echo "Installing $(if $(findstring test,$@),requirements-dev.txt,requirements.txt) ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r $(if $(findstring test,$@),requirements-dev.txt,requirements.txt)
	@sh config/bootstrap.sh redis
	@touch $@

$(WORDS): %.mo: %.po | $(if $(filter demo,$(MAKECMDGOALS)),$(FOR_DEMO),$(FOR_TEST))
	@.venv/bin/pybabel --quiet compile --input-file=$< --output-file=$@ --locale=nl

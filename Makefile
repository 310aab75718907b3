# The front door. `make` alone lists what there is; ARGS="…" goes through to the command.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
PEERS := .venv-bench
BIN := $(VENV)/bin
ARGS ?=
# Tests at once: one more than cores, because most wait for a session to time out. Each process has a
# Kafka broker of its own.
AT_ONCE ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PYTEST = $(BIN)/python -m pytest -n $(AT_ONCE) --maxprocesses 4

# The first interpreter that runs and is new enough; PYTHON=… overrides.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.12 python3.11; do \
	if $$p -c '$(SUPPORTED)' 2>/dev/null; then echo $$p; break; fi; done)
endif

# The locks name every file's hash; pip reads nothing but them.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" PIP_FIND_LINKS= $(BIN)/pip-compile --quiet --no-config \
	--generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: help setup demo test test-faults fuzz soak check bench goals kafka lock clean python

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' \
		| while IFS=$$'\t' read -r target text; do printf 'make %-11s %s\n' "$$target" "$$text"; done

setup: $(VENV)/.dev ## make .venv with everything tests and checks need

demo: $(VENV)/.run ## watch buying groups fill, complete and score (ARGS=--keep leaves it running)
	@$(BIN)/buying-groups demo $(ARGS)

test: $(VENV)/.dev ## run the tests, on a real Apache Kafka too where Java and Maven are (ARGS="-k name")
	@$(BIN)/python -m tests.kafka.jars --if-possible
	@$(PYTEST) --dist worksteal $(ARGS)

# They wait more than the others: for sessions to time out, brokers to start, a minute to pass.
test-faults: AT_ONCE := 4
test-faults: $(VENV)/.dev ## break workers and brokers on purpose, for half an hour (FAULTS_SEED=2 for other draws)
	@$(BIN)/python -m tests.kafka.jars
	@FAULTS=$${FAULTS:-full} $(PYTEST) --maxschedchunk 1 tests/faults \
		-v -rP --durations=0 --durations-min=1 $(ARGS)

fuzz: $(VENV)/.dev ## throw bytes at everything that reads (ARGS="--cases 10000000 --seed 2")
	@$(BIN)/python -m tests.faults.fuzz $(ARGS)

soak: $(VENV)/.dev ## half an hour of traffic with a kill every minute (ARGS=--help)
	@$(BIN)/python -m tests.kafka.jars
	@$(BIN)/python -m tests.faults.soak $(ARGS)

check: $(VENV)/.dev ## style, formatting, types, direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev $(PEERS)/.peers ## compare with every peer, an hour or two (ARGS="--events 20000 --rounds 1")
	@$(BIN)/python -m tests.kafka.jars
	@$(BIN)/python -m benchmarks.compare --report benchmarks $(ARGS)

# Each by itself, too: python -m benchmarks.goals.latency --help.
goals: $(VENV)/.dev ## measure latency, recovery, memory, growth, a tick, a start: an hour
	@$(BIN)/python -m tests.kafka.jars
	@for goal in latency start two_workers recovery memory growth tick; do \
		$(BIN)/python -m benchmarks.goals.$$goal $(ARGS); done

kafka: python ## fetch the Apache Kafka broker the tests run on, once, into the user's cache
	@$(PYTHON) -m tests.kafka.jars

# A lock keeps the versions it has: ARGS=--upgrade moves them on.
lock: $(VENV)/.dev ## write the lock files anew from pyproject.toml (ARGS=--upgrade)
	@$(COMPILE) $(ARGS) --build-deps-for=editable --output-file=requirements.lock pyproject.toml
	@$(COMPILE) $(ARGS) --build-deps-for=editable --extra=dev --constraint=requirements.lock \
		--output-file=requirements-dev.lock pyproject.toml
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["bench"], sep="\n")' \
		| $(COMPILE) $(ARGS) --output-file=requirements-bench.lock -

clean: ## remove .venv and what tools left behind
	@rm -rf $(VENV) $(PEERS) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@if ! $(or $(PYTHON),false) -c '$(SUPPORTED)' 2>/dev/null; then \
		found=$$($(or $(PYTHON),python3) --version 2>/dev/null || true); \
		echo "Python 3.11 or 3.12 is needed, here is $${found:-none}: make PYTHON=/path/to/python3.11 names another." >&2; \
		exit 1; fi

# The stamps stand for a finished installation: an interrupted one starts over.
$(BIN)/python: | python
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the engine needs into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing what tests and checks need into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(PEERS)/.peers: requirements-bench.lock | python
	@echo "Installing the peers into $(PEERS) …"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

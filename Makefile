# Everything is built from Python 3.11+ and this file: no Docker, no database, no npm.
#
#   make demo    one demand-response event on a simulated fleet    ARGS="--rate 300"
#   make test    the whole test suite                              ARGS="-k name"
#   make check   format, lint, types, import contracts (make lint), quick tests
#   make matrix  the conformance matrix, from the tests
#   make mutants break handlers, to see whether their tests turn red   ARGS=--quick
#   make bench   speed beside its references       make soak    the faults, ROUNDS=10 times
#   make lock    requirements.lock from pyproject.toml             make clean

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint matrix mutants bench soak lock clean

ARGS ?=
ROUNDS ?= 10
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
QUICK := not postgres and not sockets and not fleet and not faults and not browser

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

setup: $(READY)

$(READY): requirements.lock .ci/setup
	@.ci/setup $(VENV)

demo: $(READY)
	@$(BIN)/csms demo $(ARGS)

test: $(READY)
	@$(BIN)/python -m pytest -n 2 --no-loadscope-reorder $(ARGS)

check: lint
	@$(BIN)/python -m pytest -q -m "$(QUICK)" $(ARGS)

lint: $(READY)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/codespell
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >$(VENV)/contracts.log || { cat $(VENV)/contracts.log; exit 1; }

matrix: $(READY)
	@$(BIN)/python -m tests.conformance.matrix

mutants: $(READY)
	@$(BIN)/python -m tests.conformance.mutants $(ARGS)

bench: $(READY)
	@$(BIN)/python -m tests.bench $(ARGS)

soak: $(READY)
	@n=0; while [ $$n -lt $(ROUNDS) ]; do n=$$((n + 1)); echo "Round $$n of $(ROUNDS)"; \
	  CSMS_FAULTS_SEED=$$n CSMS_FAULTS_AWAY_S=30 CSMS_FAULTS_KILLS=5 \
	  $(BIN)/python -m pytest -q -m "faults or fleet" $(ARGS) || exit 1; done

lock: $(READY)
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal \
	  --python-version 3.11 --no-header --group dev pyproject.toml -o requirements.lock

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf .coverage build dist csms.egg-info bench-results

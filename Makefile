.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := services:.
export MYPYPATH := services:.

.PHONY: help
help: ## List every target
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Set PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is needed to make $(VENV)" >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock \
		|| { echo "The packages could not be installed: is the package index reachable?" >&2; exit 1; }
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## Make the virtual environment from the hashed lock

.PHONY: run
run: setup ## Start everything on this machine and play the demo month (no Docker, no Java)
	@exec $(BIN)/python -m deploy.local run

.PHONY: reset
reset: setup ## Clear the data of `make run`; the downloaded Kafka stays
	@$(BIN)/python -m deploy.local reset

COMPOSE := docker compose --env-file .local/compose.env -f deploy/compose/compose.yaml

.PHONY: up
up: ## Start everything in containers (Docker with compose)
	@$(PYTHON) deploy/compose/passwords.py .local/compose.env
	@$(COMPOSE) up --build --detach
	@echo "Demo inbox: http://127.0.0.1:$${INBOX_PORT:-8190}  (make down stops it)"

.PHONY: down
down: ## Stop the containers of `make up`; their data stays
	@$(COMPOSE) down

.PHONY: lint
lint: setup ## ruff, mypy --strict and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: setup ## Everything that must hold: lint and all suites, on real Kafka and mongod
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest

.PHONY: lock
lock: ## Pin the dependencies anew, with hashes and without an index host
	@$(PYTHON) -m venv .local/lock && .local/lock/bin/pip install -q 'uv==0.13.9'
	.local/lock/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	.local/lock/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" -c requirements.lock pyproject.toml --group local --group dev -o requirements-dev.lock

.PHONY: contracts
contracts: setup ## Write schemas, AsyncAPI and event pages anew from services/contracts
	$(BIN)/python -m contracts.generate

.PHONY: bench
bench: setup ## All benchmarks beside their floors and peers, with a table (≤ 10 min); RUNS=3 shows the spread
	$(BIN)/python -m tests.bench all --runs $(or $(RUNS),1)

BENCHES := bench-b1 bench-b2 bench-b3 bench-b4 bench-b5 bench-b6 bench-b7 bench-b8 bench-b9
.PHONY: $(BENCHES)
$(BENCHES): bench-%: setup
	$(BIN)/python -m tests.bench $* --runs $(or $(RUNS),1)
bench-b1: ## One event to 10,000 SMS (bench-b2 slow gateway, b3 e-mail, b4 first SMS, b5 API, b6 relay, b7 consume, b8 scale, b9 start)

.PHONY: bench-compare
bench-compare: setup ## Two result files beside each other: make bench-compare A=before.json B=after.json
	@$(BIN)/python -m tests.bench compare $(A) $(B)

.PHONY: chaos
chaos: setup ## Ten minutes of faults on the real system, then proof (CHAOS="--seed 7 --minutes 2")
	$(BIN)/python -m tests.chaos $(CHAOS)

.PHONY: mutations
mutations: setup ## Take one guarantee away at a time and see the tests go red
	$(BIN)/python -m tests.chaos.mutations

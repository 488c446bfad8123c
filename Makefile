# Everything a person does with this folder. Needs Python >= 3.11 and make; no root.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-run run test lint format bench chaos screenshots lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Set up all that running, tests and checks need (quick when nothing changed)
	@$(PYTHON) deploy/bootstrap.py --dev

setup-run:
	@$(PYTHON) deploy/bootstrap.py

run: setup-run ## Start Pontual on this machine: http://127.0.0.1:8000 (PORT, PORTAL_HOME, DEMO=0)
	@exec $(BIN)/portal up

test: setup ## Run all tests (ARGS="tests/inbox -k word"; TEST_DATABASE_URL for PostgreSQL)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) $(ARGS)

lint: setup ## Check style, format, types and the floors of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Format the code, and mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## Measure speed against the limits in bench/
	@$(BIN)/python -m bench $(ARGS)

chaos: setup ## Two minutes of random kill -9 while 1,000 e-mails leave; prints what went wrong
	@$(BIN)/python -m tests.faults.chaos $(ARGS)

screenshots: setup ## Take the pictures of docs/screenshots/ again (ARGS="--only inicio")
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

lock: ## Make the lock files again (ARGS=--upgrade for newer versions)
	@$(PYTHON) deploy/bootstrap.py --dev --lock $(ARGS)

clean: ## Remove what set-up and the tools made (never instance/, where the data is)
	@rm -rf .venv static/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache build *.egg-info
	@find portal jobs tests bench migrations deploy -name __pycache__ -type d -prune -exec rm -rf {} +

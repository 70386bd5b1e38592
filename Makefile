# SPDX-License-Identifier: AGPL-3.0-or-later
# `make help` lists what there is. Each target sets up what it needs by itself; running it again is quick.

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-password test lint format bench stop status clean
MAKEFLAGS += --no-print-directory
PYTHON_HERE := .venv/bin/python

help: ## this list
	@echo "SPARK: free parking on streets without marked stalls"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

setup: ## Debian packages, .venv and the private PostgreSQL and Redis
	@scripts/setup --tests
	@$(PYTHON_HERE) scripts/services.py prepare

demo: ## the whole system on a simulated street (SPEED=10 EVERY=5 PORT=8000 SFTP_PORT=2222)
	@scripts/setup
	@exec $(PYTHON_HERE) scripts/demo.py $(if $(SPEED),--speed $(SPEED)) $(if $(EVERY),--every $(EVERY)) \
		$(if $(PORT),--port $(PORT)) $(if $(SFTP_PORT),--sftp-port $(SFTP_PORT))

demo-password: ## a new password for the demo's admin account
	@scripts/setup
	@$(PYTHON_HERE) scripts/demo.py --new-password

test: ## every test, in two processes (ARGS="-k name" chooses, ARGS="-n 0" keeps to one)
	@scripts/setup --tests
	@$(PYTHON_HERE) -m pytest -n 2 --dist loadfile $(ARGS)

lint: ## static checks: style, types, import rules, settings, migrations
	@scripts/setup --tests
	@$(PYTHON_HERE) scripts/lint.py

format: ## format the Python code
	@scripts/setup --tests
	@.venv/bin/ruff check --fix-only --quiet . && .venv/bin/ruff format --quiet .

bench: ## benchmarks, as tables and as JSON under var/bench (ARGS="placement --quick")
	@scripts/setup --tests
	@$(PYTHON_HERE) -m benchmarks $(ARGS)

stop: ## stop the private PostgreSQL and Redis, should they still run
	@python3 scripts/services.py stop all

status: ## say whether the private services run
	@python3 scripts/services.py status all

clean: stop ## remove caches and static files; data and .venv stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis var/static

# Plateau: `make demo` and `make test` work alone, each from a fresh clone.
#
# Finds a Python that Plateau supports (also among pyenv's versions), brings uv from the package index
# into .uv/ where it is absent, and lets uv make .venv from the committed uv.lock. Nothing is downloaded
# from anywhere but the package index: uv is told not to fetch a Python of its own.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export UV_PYTHON_DOWNLOADS := never
# A night and many tests start processes of their own: none should compile the same files again.
export PYTHONDONTWRITEBYTECODE :=

ifeq ($(wildcard .venv/bin/python)$(UV_PYTHON),)
SUPPORTED := import sys; print(sys.executable) if (3, 12) <= sys.version_info[:2] < (3, 14) else sys.exit(1)
PYTHON := $(shell for p in python3.13 python3.12 python3 $(wildcard $(HOME)/.pyenv/versions/3.1[23]*/bin/python); do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && break; done)
ifneq ($(PYTHON),)
export UV_PYTHON := $(PYTHON)
else
NO_PYTHON := yes
endif
endif
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
RUN := $(UV) run --locked
READY := python-found $(filter .uv/%,$(UV))

.PHONY: help demo ui test test-all lint format bench python-found
help: ## What there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## A synthetic clinic through the whole pipeline, into ./demo
	$(RUN) plateau demo

ui: $(READY) ## Dagster UI on loopback for the demo's data
	PLATEAU_PRESET=paper_replica $(RUN) plateau ui --data demo --deliveries demo/clinic/deliveries

test: $(READY) ## The tests of every change (minutes on two cores)
	$(RUN) pytest -n 2 -m "not slow"

test-all: $(READY) ## Also the slow ones; interrupted, it goes on with what has not passed on this code
	$(RUN) pytest -n 2 --resume

bench: $(READY) ## Benchmarks
	$(RUN) pytest tests/benchmarks --benchmark-only

lint: $(READY) ## Style, types of the science rooms, SQL
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) sqlfluff lint dbt

format: $(READY) ## Let ruff mend style
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

python-found:
ifdef NO_PYTHON
	@echo "Plateau needs Python 3.12 or 3.13 and found neither: install one, or name it: make demo UV_PYTHON=/path/to/python3.13" >&2; exit 1
endif

.uv/bin/uv:
	@{ python3 -m venv .uv && .uv/bin/pip install --quiet uv; } \
	|| { rm -rf .uv; echo "uv is absent and cannot be installed with python3 -m venv and pip: install uv by hand (pip install uv), then run make again." >&2; exit 1; }

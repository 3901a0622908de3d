# Two commands from a bare checkout: `make run` and `make test`. Needs Python 3.11 or newer, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(shell command -v uv >/dev/null 2>&1 && echo "uv pip install --quiet --python $(BIN)/python" || echo "$(BIN)/python -m pip install --quiet --disable-pip-version-check")

.PHONY: run test bench long docs clean

run: $(VENV)/.server ## the demo: embedded SQLite, a simulated Taobao shop, HTTP on 127.0.0.1:8000
	@exec $(BIN)/oms demo

test: $(VENV)/.test ## the tests, with types, style and layers; PostgreSQL included
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q

bench: $(VENV)/.test ## the benchmarks: ratios, never a test
	$(BIN)/python -m tests.bench

long: $(VENV)/.test ## long runs: figures for the docs
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q -m long --timeout 3600

docs: $(VENV)/.test ## write the generated parts of docs/ anew
	$(BIN)/python docs/generate.py

clean: ## everything that was made here, but no data
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "oms needs Python 3.11 or newer; set PYTHON=/path/to/python"; exit 1; }
	@echo "Making $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.server: pyproject.toml | $(BIN)/python
	@echo "Installing the server (once) …"
	@$(INSTALL) -e '.[server]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need (once) …"
	@$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/.server

# Two commands from a bare checkout: `make run` and `make test`. Needs Python 3.11 or newer, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(shell command -v uv >/dev/null 2>&1 && echo "uv pip install --quiet --python $(BIN)/python" || echo "$(BIN)/python -m pip install --quiet --disable-pip-version-check")

.PHONY: run test bench long mutation docs clean

run: $(VENV)/.server ## the demo: embedded SQLite, a simulated Taobao shop, HTTP on 127.0.0.1:8000
	@exec $(BIN)/oms demo

test: $(VENV)/.test ## the tests, with types, style and layers; PostgreSQL included
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q

bench: $(VENV)/.bench ## the benchmarks: ratios, never a test
	$(BIN)/python -m tests.bench

long: $(VENV)/.test ## long runs: figures for the docs
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q -m long --timeout 3600

mutation: $(VENV)/.mutation ## changes the sharing of amounts in thousands of ways, and counts what no test notices
	HYPOTHESIS_PROFILE=mutation $(BIN)/mutmut run --max-children 1
	$(BIN)/mutmut results

docs: $(VENV)/.test ## write the generated parts of docs/ anew
	$(BIN)/python docs/generate.py

clean: ## everything that was made here, but no data
	rm -rf $(VENV) dist mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis

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

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	@echo "Installing what the benchmarks compare with (once) …"
	@$(INSTALL) -e '.[bench]'
	@touch $@ $(VENV)/.test $(VENV)/.server

$(VENV)/.mutation: pyproject.toml | $(BIN)/python
	@echo "Installing what changes the code (once) …"
	@$(INSTALL) -e '.[mutation]'
	@touch $@ $(VENV)/.test $(VENV)/.server

# Golden Path: make bootstrap && make up && make smoke. Everything lands in this checkout (.venv, .gate); nothing global changes.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_CACHE_DIR := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: bootstrap up smoke demo test check lint types bench interop lock mutation clean

bootstrap: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed (set PYTHON=/path/to/python3.11)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing hash-pinned dependencies into $(VENV) (once, about a minute)" >&2
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The example service of the demo, brought up in a workspace under .gate; safe to repeat.
up: bootstrap
	@$(BIN)/gate demo --prepare --quiet --workspace .gate/up
	@$(MAKE) --no-print-directory -C .gate/up/summit-internal PYTHON="$(CURDIR)/$(BIN)/python" bootstrap up

# Real requests to it, then the gate's whole story: blocked, fixed, allowed, verified, tampered, refused.
smoke: bootstrap
	@$(MAKE) --no-print-directory -C .gate/up/summit-internal PYTHON="$(CURDIR)/$(BIN)/python" smoke down
	@$(BIN)/gate demo --quiet --workspace .gate/smoke

demo: bootstrap
	@$(BIN)/gate demo

bench: bootstrap
	@for file in startup deciding sbom proof lint ledger verify bundle ingest events; do \
	  test ! -f bench/$$file.py || PYTHONPATH=bench:. $(BIN)/python bench/$$file.py || exit 1; done

test: bootstrap
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: lint types test

lint: bootstrap
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: bootstrap
	@$(BIN)/mypy

# Clients we did not write judge our attestations, and we judge theirs. Go and a module proxy are needed once (minutes).
interop: bootstrap
	@$(BIN)/python tests/interop/building.py; built=$$?; \
	  $(BIN)/python -m pytest -q -p no:xdist tests/interop/test_*.py tests/interop/matrix_*.py tests/interop/published.py && exit $$built

# Change the decision in every small way there is, and see whether a test notices.
mutation: bootstrap
	@$(BIN)/mutmut run --max-children 2 && $(BIN)/mutmut results

lock: bootstrap
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --generate-hashes --extra demo --extra postgres pyproject.toml -o requirements/gate.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --generate-hashes --extra demo --extra postgres --group dev -c requirements/gate.txt pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --generate-hashes --extra spark -c requirements/dev.txt pyproject.toml -o requirements/spark.txt

clean:
	rm -rf $(VENV) .gate dist build

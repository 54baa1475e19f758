# The two commands a newcomer needs: `make demo`, `make test`.
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
CLIENT ?=
WEEK ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPM := $(BIN)/spm
# Environments may switch byte code off; without it every start of a kernel compiles the whole stack again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env demo review lab test bench check format lock pictures metrics-doc clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(READY) ## build the environment in .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "The venv module is missing; on Debian: apt-get install python3-venv"; exit 2; }
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY) ## write the demo clients, ingest their exports, publish last week's reviews
	@$(SPM) demo --publish

review: $(READY) ## one client's review: make review CLIENT=alder-heating WEEK=2026-W46 (default: all, last week)
	@$(SPM) review $(CLIENT) $(if $(WEEK),--week $(WEEK))

lab: $(READY) ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

test: $(READY) ## run every test
	$(BIN)/python -m pytest -n auto --dist loadfile

bench: $(READY) ## measure against the stock tools, in turns, and write benchmarks/results.md
	$(BIN)/python -m benchmarks

check: $(READY) ## lint, format and types; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## format the code in place
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

lock: $(READY) ## compile requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	  --extra cluster --group lab --group dev pyproject.toml -o requirements.lock

pictures: $(READY) ## take the pictures of the README from published demo reports
	@rm -rf .cache/pictures
	@$(SPM) demo --until 2026-W46 --publish --reports .cache/pictures/reports --home .cache/pictures/data
	$(BIN)/python docs/pictures.py .cache/pictures/reports 2026-W46

metrics-doc: $(READY) ## write METRICS.md anew from the registry
	$(BIN)/python -m spm_lib.document

clean: ## remove the environment, the demo clients and every report
	rm -rf $(VENV) .cache data/alder-heating data/brightwater-dental data/copperline-print reports/*/ reports/index.html

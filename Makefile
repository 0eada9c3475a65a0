# What a person repeats. `make tower` and `make test` set everything up on a fresh machine with Python 3.11 or later.
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
UV     := $(shell command -v uv 2>/dev/null)
PYTHON ?= python3
CORES  := $(shell getconf _NPROCESSORS_ONLN)
# tests on two processes, those of a file on one: what they share is simulated once
SPREAD := --numprocesses 2 --dist loadfile

.PHONY: help setup tower test test-all lint format bench bench-large bench-gpu bench-plot bench-setup calibrate ship sensitivity docs clean
.DEFAULT_GOAL := help

help:           ## what can be made
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(STAMP) ## the environment in .venv (uv where present, else venv and pip; wheels only)

$(STAMP): pyproject.toml uv.lock
ifdef UV
	$(UV) sync --quiet --frozen --no-build --no-install-project --compile-bytecode
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	@$(PYTHON) -c 'import sys; sys.exit("engager needs Python 3.11 or later, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.12 setup" if sys.version_info < (3, 11) else 0)'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --group dev --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
endif
	@touch $(STAMP)

tower: setup    ## simulate the TOWER trial: 405 virtual patients, 100 replicates
	$(BIN)/engager simulate TOWER

test: setup     ## the fast tests
	$(BIN)/python -m pytest $(SPREAD) -m "not slow"

test-all: setup ## all tests
	$(BIN)/python -m pytest $(SPREAD)

lint: setup     ## formatter, linter, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup   ## put every file in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-setup  ## speed, accuracy, memory: one table, kept in docs/benchmarks.md
	$(BIN)/python -m benchmarks

bench-large: setup  ## a run of a million patients (ten minutes), added to the table
	$(BIN)/python -m benchmarks large

bench-gpu: setup    ## the same program on a GPU, where JAX has one
	$(BIN)/python -m benchmarks gpu

bench-plot: setup   ## the history of the table as docs/images/benchmarks.svg
	$(BIN)/python -m benchmarks plot

bench-setup: setup
ifdef UV
	$(UV) sync --quiet --frozen --no-build --no-install-project --group bench --inexact
	-$(UV) sync --quiet --frozen --no-install-project --group bench-fortran --inexact
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --group bench
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench-fortran
endif

calibrate: setup ## fit the population to the calibrated part of the record (40 minutes on two cores)
	$(BIN)/engager calibrate --out calibrations/shipped --processes $(CORES)

ship: calibrate ## make that fit the one that runs use
	cp calibrations/shipped/ensemble.parquet calibrations/shipped/ensemble.json src/engager/patients/data/
	cp calibrations/shipped/targets.csv calibrations/shipped/posterior.csv calibrations/shipped/trace.csv src/engager/inference/data/fit/
	cp calibrations/shipped/figures/fit-targets.svg docs/images/
	grep -hE '"member": [01],' $$(ls -v calibrations/shipped/step-*.jsonl | tail -1) > tests/inference/shipped_members.jsonl
	$(BIN)/python -c "from engager.inference.dossier import bind; bind('calibrations/shipped')"

sensitivity: calibrate ## what that fit's targets tell of which parameter, shipped with its picture (half an hour more)
	$(BIN)/engager sensitivity --fit calibrations/shipped --out calibrations/sensitivity
	mkdir -p src/engager/inference/data/sensitivity
	cp calibrations/sensitivity/*.csv calibrations/sensitivity/about.json src/engager/inference/data/sensitivity/
	cp calibrations/sensitivity/sensitivity.svg docs/images/

docs: setup     ## the guide as HTML in docs/_build
ifdef UV
	$(UV) sync --quiet --frozen --no-build --no-install-project --group docs --inexact
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --group docs
endif
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

clean:          ## remove the environment and what tools left
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# make run        set up .venv (first time only), check the configuration, run into results/
# make england    the same for all of England, from official sources that it fetches
# make doctor     look at the installation, the machine, the network and the publishers
# make test       the same set-up, then the tests; PYTEST_ARGS="tests/spatial" for some
# make check      only find every error of the configuration
# make unlock     take away the lock of a run that was killed; then run again to go on
# make lint       ruff;  make types  mypy;  make format  what ruff can mend by itself
# make bench      our code and its peers, side by side: a table, results/bench/bench.json, pictures
# make generated  files that are written from the code
# make lock       requirements.lock from pyproject.toml
# make clean      remove .venv
# For run, check, doctor and unlock, CONFIG=my.yaml takes a configuration of your own; CORES=4 limits cores.
PYTHON ?= python3
CORES ?= all
CONFIG ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# The stamp names this folder: a virtual environment does not survive being moved or copied.
READY := $(VENV)/ready-$(shell printf '%s' '$(CURDIR)' | cksum | cut -d' ' -f1)

.PHONY: run england doctor unlock check test lint format types bench lock generated clean help

run: $(READY)
	@$(BIN)/python -m healthycities check $(if $(CONFIG),--config "$(CONFIG)")
	$(BIN)/python -m snakemake --cores $(CORES) $(if $(CONFIG),--configfile "$(CONFIG)")

# Fetched first, several files at once and with bars; the workflow by itself fetches them too.
england: $(READY)
	@$(BIN)/python -m healthycities check --config config/england.yaml
	$(BIN)/python -m healthycities fetch --config config/england.yaml
	$(BIN)/python -m snakemake --cores $(CORES) --configfile config/england.yaml

doctor: $(READY)
	$(BIN)/python -m healthycities doctor $(if $(CONFIG),--config "$(CONFIG)")

# After a run that was killed hard: the lock that it left is taken away; nothing else is lost.
unlock: $(READY)
	$(BIN)/python -m snakemake --unlock $(if $(CONFIG),--configfile "$(CONFIG)")

check: $(READY)
	$(BIN)/python -m healthycities check $(if $(CONFIG),--config "$(CONFIG)")

test: $(READY)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

format: $(READY)
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

types: $(READY)
	$(BIN)/python -m mypy

bench: $(READY)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

# Files that are written from the code, and that a test holds in step with it.
generated: $(READY)
	$(BIN)/python -m healthycities describe schema > config/schema.json
	$(BIN)/python -m healthycities describe sources > data/README.md
	$(BIN)/python -m healthycities describe metrics > docs/metrics.md

# Needs the network and `pip install uv`; see CONTRIBUTING.md.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header \
	    --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV)

help:
	@sed -n 's/^# make/make/p' Makefile

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "healthycities needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	           "Say which one to use: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Setting up $(VENV): about a minute, once."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

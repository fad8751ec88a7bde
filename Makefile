# Every target sets up what it needs; the second time is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Peers of the benchmark bring libraries of their own, which the product must not meet.
BENCH := .venv-bench
PEERS := $(BENCH)/.ready

.PHONY: setup demo up test test-faults test-cluster mutants bench bench-settle bench-heavy check lock clean

setup: $(READY)

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Vedette needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: setup
	$(BIN)/vedette demo

up: setup
	$(BIN)/vedette up

test: setup
	$(BIN)/python -m pytest -m "not faults and not cluster" -n 2 --dist loadgroup

test-faults: setup
	$(BIN)/python -m pytest -m faults --timeout 1800

# Three nodes of Apache Kafka, of which one is killed; needs Java 17, Maven and openssl.
test-cluster: setup
	$(BIN)/python -m pytest -m cluster

# Forty-one faults, planted one by one; about ten minutes. ARGS="fence" plants those with that word in their name.
mutants: setup
	$(BIN)/python -m scripts.mutants $(ARGS)

# ARGS="--quick" shows in a minute that it works; ARGS="--rounds 3" gives medians.
bench: setup $(PEERS)
	$(BIN)/python -m benchmarks $(ARGS)

bench-settle: setup
	$(BIN)/python -m benchmarks.settling $(ARGS)

bench-heavy: setup
	$(BIN)/python -m benchmarks.heavy $(ARGS)

$(PEERS): requirements-bench.txt
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	touch $(PEERS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not faults and not cluster" -n 2 --dist loadgroup

lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt
	echo 'hatchling>=1.33,<2' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 - -o deploy/requirements-build.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"], sep="\n")' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 - -o requirements-bench.txt

clean:
	rm -rf $(VENV) $(BENCH) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Every command works on a machine with Python 3.11+ and make; uv is used where it is installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.DEFAULT_GOAL := help
# Otherwise cargo would look for the job server of `make -j`, which only a make that runs within make can use.
unexport MAKEFLAGS
.PHONY: help demo native spark awswrangler test lint lint-python lint-rust fix bench fuzz fuzz-engines interop load parity lab-crash \
  migrate-crash test-aioboto3 test-oldest-engine terraform-lint wheel sbom workflows constraints pictures docs clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

define NEEDS_PYTHON
import sys
if sys.version_info < (3, 11):
    sys.exit("dynaseal needs Python 3.11 or later, and $(PYTHON) is Python %d.%d. Name another: make PYTHON=python3.11" % sys.version_info[:2])
endef
export NEEDS_PYTHON

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c "$$NEEDS_PYTHON"
	@echo "Installing dynaseal with everything that its tests need in $(VENV): a minute or two, once" >&2
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --clear --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'; \
	else \
	  $(PYTHON) -m venv --clear $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	fi
	@touch $@

demo: $(VENV)/ready ## run the demonstration in a lab, as both of its users (TERRAFORM=1: with terraform apply)
	$(BIN)/dynaseal demo $(if $(TERRAFORM),--terraform)

# Where cargo is, this takes about two minutes for the first time, and seconds after a change.
$(VENV)/native: $(VENV)/ready .cargo/config.toml $(wildcard native/Cargo.* native/*/*.toml native/*/src/*.rs)
	@for package in native/*/pyproject.toml; do \
	  if command -v uv >/dev/null; then \
	    uv pip install --quiet --python $(BIN)/python --reinstall "$$(dirname "$$package")"; \
	  else \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check "./$$(dirname "$$package")"; \
	  fi || exit 1; \
	done
	@touch $@

native: $(VENV)/native ## build the native engines and install them (needs cargo; the first time takes minutes)

test: $(VENV)/ready ## run the whole test suite, in parallel (TESTS=FOLDER: a part of it)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal $(TESTS)

lint: lint-python lint-rust ## formatter check, linter, type checks, import layers

lint-python: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/mypy
	$(BIN)/python typing_tests/without_stubs/check.py
	$(BIN)/lint-imports

lint-rust:
	@if command -v cargo >/dev/null; then \
	  cd native && cargo fmt --check && cargo clippy --quiet --release --all-targets -- -D warnings && \
	  if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; fi; \
	fi

fix: $(VENV)/ready ## format the code, and fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@if command -v cargo >/dev/null; then cd native && cargo fmt; fi

bench: $(VENV)/ready ## time and memory beside bare cryptography, boto3 and AWS's libraries (PEERS=1: build those in Rust and Java)
	$(BIN)/python -m benchmarks $(if $(PEERS),--peers) $(BENCH_OPTIONS)

$(VENV)/fuzz: $(VENV)/ready
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt atheris; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt atheris; \
	fi
	@touch $@

$(VENV)/spark: $(VENV)/ready
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt pyspark; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pyspark; \
	fi
	@touch $@

spark: $(VENV)/spark ## install PySpark for its tests, which need Java 17 (500 MB; without it they are skipped)

$(VENV)/awswrangler: $(VENV)/ready
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt 'awswrangler>=3.11'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt 'awswrangler>=3.11'; \
	fi
	@touch $@

awswrangler: $(VENV)/awswrangler ## install awswrangler for its tests (300 MB; without it they are skipped)

fuzz: $(VENV)/fuzz ## coverage-guided fuzzing of everything that reads an attacker's bytes (FUZZ_SECONDS=60)
	PYTHONPATH=tests $(BIN)/python -m fuzz --seconds $(or $(FUZZ_SECONDS),60)

fuzz-engines: $(VENV)/native ## compare the native engine with Python's on random items (CASES=1000000 SECONDS=3600)
	PYTHONPATH=tests $(BIN)/python -m native --cases $(or $(CASES),1000000) --seconds $(or $(SECONDS),3600)

interop: $(VENV)/ready ## exchange items, key stores and beacons with AWS's Java library (needs Java 17 and Maven)
	PYTHONPATH=tests $(BIN)/python -m interop --items $(or $(ITEMS),200)

load: $(VENV)/ready ## 200 clients use the lab for a minute: every reply is right, memory stays bounded
	PYTHONPATH=tests $(BIN)/python -m lab.load

lab-crash: $(VENV)/native ## kill a lab 40 times under 10 writers of items, users and keys (needs cargo)
	PYTHONPATH=tests $(BIN)/python -m lab.crash

migrate-crash: $(VENV)/ready ## kill a migration of 5,000 items 25 times while 4 writers change items
	PYTHONPATH=tests $(BIN)/python -m migrate.crash

# The suites that are run are those whose checkouts the environment names; see CONTRIBUTING.md.
.venv-parity/ready:
	$(PYTHON) -m venv --clear .venv-parity
	.venv-parity/bin/python -m pip install --quiet --disable-pip-version-check \
	  pytest boto3 requests packaging 'moto[dynamodb,server]' freezegun
	@if [ -n "$$DYNASEAL_PARITY_LOCALSTACK" ]; then \
	  .venv-parity/bin/python -m pip install --quiet --disable-pip-version-check \
	    'localstack-core[runtime]' localstack-snapshot pytest-httpserver; \
	fi
	@touch $@

parity: $(VENV)/ready .venv-parity/ready ## run other projects' tests against a lab on each engine (ENGINES="native ministack")
	PYTHONPATH=tests $(BIN)/python -m parity

.venv-aioboto3/ready: pyproject.toml tests/aio_aioboto3/constraints.txt
	$(PYTHON) -m venv --clear .venv-aioboto3
	.venv-aioboto3/bin/python -m pip install --quiet --disable-pip-version-check \
	  -c tests/aio_aioboto3/constraints.txt -e '.[aio]' aioboto3 pytest pytest-xdist uvloop
	@touch $@

# It has an environment of its own: aioboto3 needs an older botocore than ministack does.
test-aioboto3: $(VENV)/ready .venv-aioboto3/ready ## test the asyncio twin over aioboto3, and its aiobotocore
	PYTHONPATH=tests $(BIN)/python -m aio_aioboto3 .venv-aioboto3/bin/python -n $(JOBS)

test-oldest-engine: ## test the lab's DynamoDB with the oldest ministack that pyproject.toml allows
	$(PYTHON) -m venv --clear .venv-oldest
	grep -v -e '^ministack' -e '^boto' constraints.txt > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-oldest/constraints.txt \
	  'ministack==1.4.21' -e '.[lab]' pytest pytest-xdist hypothesis httpx
	.venv-oldest/bin/python -m pytest -q tests/lab/dynamodb tests/lab/state/test_restart.py tests/lab/app/test_server.py

$(VENV)/release: $(VENV)/ready
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[release]'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[release]'; \
	fi
	@touch $@

wheel: $(VENV)/release ## build what would be published in dist/, and check it in a new environment (TAG=v1.2.3)
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	PYTHONPATH=tests $(BIN)/python -m distribution dist $(if $(TAG),--tag $(TAG))

sbom: $(VENV)/release ## list what a user of the wheel in dist/ installs, as CycloneDX (after make wheel)
	$(PYTHON) -m venv --clear .venv-sbom
	.venv-sbom/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  "$$(ls dist/*-py3-none-any.whl)[fast,inspector,lab,mpl]"
	.venv-sbom/bin/python -m pip uninstall --quiet --yes pip setuptools
	$(BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
	  --output-file sbom.cdx.json .venv-sbom

workflows: ## check .github/workflows with actionlint (installed, or by Go)
	@if command -v actionlint >/dev/null; then actionlint; else go run $(ACTIONLINT); fi

pictures: $(VENV)/ready ## make the pictures of README and docs/ from the real thing (needs Chromium)
	$(BIN)/python docs/pictures/make.py

docs: $(VENV)/ready ## build the documentation's site in site/ (URL=ADDRESS: where it is published)
	$(BIN)/python docs/website/build.py $(if $(URL),--url $(URL))

terraform-lint: ## tflint and checkov on terraform/ (not part of lint: they are large)
	terraform/lint.sh

# ministack first: each of its newest releases pins one botocore, and pip would otherwise choose an old ministack.
constraints: ## write the newest versions that fit pyproject.toml to constraints.txt
	$(PYTHON) -m venv --clear .venv-constraints
	.venv-constraints/bin/python -m pip install --quiet --disable-pip-version-check 'ministack<2'
	.venv-constraints/bin/python -m pip freeze > .venv-constraints/first.txt
	.venv-constraints/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-constraints/first.txt '.[dev,fuzz,release]'
	.venv-constraints/bin/python -m pip freeze --exclude dynaseal > constraints.txt
	rm -rf .venv-constraints

clean: ## delete what make created
	rm -rf $(VENV) dist site native/target .hypothesis .mypy_cache .pytest_cache .ruff_cache interop/java/target

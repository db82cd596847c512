# make demo    train a digit recogniser and say where its report is
# make test    the whole suite; EXTRAS=parity adds the comparisons with PyTorch and scikit-learn
# make bench   Pellucid side by side with other libraries, some twenty minutes; BENCHFLAGS="--quick" for a trial
# make book    the books' programs: book/RESULTS.md and their pages; BOOKFLAGS="--quick" for a trial
# make lint    what the pre-commit hooks check
# make format  mend what can be mended of that
# make clean   remove everything that these made

PYTHON ?= python3
PYTESTFLAGS ?= -n auto
EXTRAS ?=
BENCHFLAGS ?=
BOOKFLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
RUN := runs/demo

# The installation is editable, so that Python sources are live; what is compiled or declared is installed anew when it changes.
# Each set of extras has a stamp of its own.
COMPILED := pyproject.toml CMakeLists.txt $(wildcard native/*.?pp native/kernels/*.?pp)
comma := ,
empty :=
space := $(empty) $(empty)

.PHONY: demo test bench book lint format clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	@rm -rf $(RUN)
	$(BIN)/pellucid train --data digits --model simple-conv --epochs 20 --lr 0.01 --schedule one-cycle --out $(RUN)
	@echo "The report: $(CURDIR)/$(RUN)/report.html"

test: $(VENV)/installed-$(subst $(space),-,$(strip test $(EXTRAS)))
	$(BIN)/pytest $(PYTESTFLAGS)

bench: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks $(BENCHFLAGS)

book: $(VENV)/installed-book-site
	$(BIN)/python -m book $(BOOKFLAGS)

lint: $(VENV)/installed-lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(wildcard native/*.?pp native/kernels/*.?pp)
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/installed-lint
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(wildcard native/*.?pp native/kernels/*.?pp)
	$(BIN)/ruff check --fix .

clean:
	rm -rf src/pellucid/*.so $(VENV) build dist $(RUN) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks book -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Pellucid needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.11"; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/pyvenv.cfg $(COMPILED)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-%: $(VENV)/pyvenv.cfg $(COMPILED)
	$(BIN)/python -m pip install --quiet --editable ".[$(subst -,$(comma),$*)]"
	@touch $@

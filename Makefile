# Ningwen, one command each. `make` alone lists them; every target sets up what it needs.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The question goes to the shell as an environment variable and is never expanded by make or by the shell:
# quotes, $ and backticks in it stay what they are.
override Q := $(value Q)
export Q

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help ask chat index test check eval lock wheel bundle clean .venv

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

ask: .venv/.installed  ## answer one question: make ask Q="常务会议一般多久开一次?"
	@case "$$Q" in *[![:space:]]*) ;; *) \
	  echo '请给出问题,例如:make ask Q="常务会议一般多久开一次?"' >&2; exit 2 ;; esac; \
	$(BIN)/ningwen ask -- "$$Q" || { code=$$?; test $$code -eq 3 || exit $$code; }  # 3: refused, and said so

chat: .venv/.installed  ## talk on the terminal
	@$(BIN)/ningwen chat

index: .venv/.installed  ## build the index of the present documents and settings
	@$(BIN)/ningwen index build

test: .venv/.installed  ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests

check: .venv/.installed  ## lint, types, import contracts, gold questions
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ningwen eval lint

eval: .venv/.installed  ## score the assistant on the gold questions and on unseen documents
	@$(BIN)/ningwen eval run
	@$(BIN)/python -m evals.bench.unseen --gate

wheel: .venv/.installed  ## build dist/ningwen-*.whl
	@rm -rf build
	@$(BIN)/python -m build --wheel --no-isolation

bundle: wheel  ## build dist/bundle, a folder that installs without internet
	@$(BIN)/python deploy/bundle.py "$$(ls -t dist/ningwen-*.whl | head -n 1)" dist/bundle

lock:  ## write requirements.lock anew from pyproject.toml; to move every pin: make lock UPGRADE=--upgrade
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -qq uv
	@echo 'Locking the dependencies in requirements.lock …'
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  $(UPGRADE) --extra dev --output-file requirements.lock pyproject.toml

clean:  ## delete what was built, and the caches
	@rm -rf build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name .venv -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

.venv: .venv/.installed  ## the environment that every target uses

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	@echo 'Installing the locked dependencies into .venv (a few minutes the first time) …'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# Each line below says what it does: `make` or `make help` prints them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all coverage lint bench docs

RUN := .venv/bin

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## build .venv (once; again when pyproject.toml or constraints.txt changes)
	@bash scripts/setup.sh

demo: setup  ## the whole ring on a small world: simulate, train, compare, track, export, recommend
	@$(RUN)/adaptlearn demo

test: setup  ## all tests, on two processes; ARGS="-k luck -n 0" narrows them
	@$(RUN)/python -m pytest $(ARGS)

test-all: setup  ## the long ones, too: every page of the documentation as typed, every law in every mode
	@$(RUN)/python -m pytest -m "long or not long" $(ARGS)

coverage: setup  ## branch coverage of src/adaptlearn, with its floor; ARGS="tests/core" for a part
	@PYTHON=$(RUN)/python bash scripts/coverage.sh $(ARGS)

lint: setup  ## ruff (rules and format) and mypy (strict on core, laws, export)
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy

bench: setup  ## every claim in one table; ARGS="quick", or "simulator runtime --to table.md"
	@$(RUN)/python benchmarks $(ARGS)

docs: setup  ## the documentation as HTML, in docs/_build/html
	@$(RUN)/python -m sphinx -W --keep-going -q docs docs/_build/html && echo "docs/_build/html/index.html"

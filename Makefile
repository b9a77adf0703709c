# Thin: each target is one command, which CI and the README call too.
.DEFAULT_GOAL := help
.PHONY: help setup build test check demo sim bench run-store

SEEDS ?= 200
DATA ?=
OUT ?= out
# A retailer's baskets for the test that sells them, where they lie beside the repository.
export DAYBOOK_RETAIL_DATA ?= $(abspath $(firstword $(DATA) $(wildcard ../shared/data)))
LISTEN ?= 127.0.0.1:7070

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing (Debian packages, cargo-nextest)
	@scripts/setup

build: setup ## Build the programs
	cargo build --locked --bins

check: setup ## Formatting and lints; a warning is an error
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

test: check build ## Everything that a change must pass, on SQLite and on PostgreSQL
	scripts/with-postgres cargo nextest run --locked --workspace

demo: build ## The main job: tills offline, web sells, all reconciled (DATA=dir for other data)
	scripts/demo $(OUT)/demo $(DATA)

sim: setup ## Simulate tills and store under faults (SEEDS=n)
	cargo run --locked --quiet -p daybook-sim -- --seeds $(SEEDS)

bench: setup ## Measure, each figure beside its floor in the same run
	cargo build --locked --release --quiet -p daybook-store -p daybook-tests --bins
	scripts/with-postgres cargo run --locked --release --quiet -p daybook-tests --bin daybook-bench -- --out $(OUT)/bench

run-store: build ## A store on embedded SQLite at LISTEN, its data in out/store
	cargo run --locked --quiet -p daybook-store --bin daybook-store -- serve --data $(OUT)/store --listen $(LISTEN)

# Thin: each target is one command, which CI and the README call too.
.DEFAULT_GOAL := help
.PHONY: help setup ui build test check bindings run bundle demo sim bench run-store

SEEDS ?= 200
FIRST ?= 1
DATA ?=
OUT ?= out
# A retailer's baskets for the test that sells them, where they lie beside the repository.
export DAYBOOK_RETAIL_DATA ?= $(abspath $(firstword $(DATA) $(wildcard ../shared/data)))
# The same cases in each run: whoever looks for new ones sets another.
export PROPTEST_RNG_SEED ?= 1
LISTEN ?= 127.0.0.1:7070

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing (Debian packages, cargo-nextest, the window's modules)
	@scripts/setup

ui: setup ## The window's files
	scripts/npm run --silent build -- --logLevel warn

build: ui ## Build the programs
	cargo build --locked --bins

check: ui ## Formatting, lints and the window's own tests; a warning is an error
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	scripts/npm run --silent check
	scripts/npm test --silent

test: check build ## Everything that a change must pass, on SQLite and on PostgreSQL, and in a real window
	scripts/with-postgres cargo nextest run --locked --workspace
	cargo test --locked --quiet --workspace --doc

bindings: ui ## Write the window's TypeScript of the till's commands
	DAYBOOK_WRITE_BINDINGS=1 cargo test --locked --quiet -p daybook-desktop --test bindings

run: build ## The till's window beside a store with the sample shop, data in out/run
	scripts/run $(OUT)/run

bundle: ui ## The till as a Debian package
	scripts/npm run --silent bundle

demo: build ## The main job: tills offline, web sells, all reconciled (DATA=dir for other data)
	scripts/demo $(OUT)/demo $(DATA)

sim: setup ## Simulate tills and store under faults (SEEDS=n FIRST=n)
	cargo run --locked --quiet -p daybook-sim -- --seeds $(SEEDS) --first $(FIRST)

bench: ui ## Measure, each figure beside its floor in the same run
	cargo build --locked --release --quiet -p daybook-store -p daybook-desktop -p daybook-tests --bins
	scripts/with-postgres $${CARGO_TARGET_DIR:-target}/release/daybook-bench --out $(OUT)/bench

run-store: build ## A store on embedded SQLite at LISTEN, its data in out/store
	cargo run --locked --quiet -p daybook-store --bin daybook-store -- serve --data $(OUT)/store --listen $(LISTEN)

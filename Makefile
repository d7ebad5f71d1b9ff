# keyferry from the outside: `make` lists what there is.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help demo tools test test-rust test-image lint bench soak fuzz

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: ## everything on this machine in a throw-away folder; prints a key, a connect link and calls to paste
	@$(CARGO) run --quiet -- demo

tools: ## installs what the tests drive, where missing: PostgreSQL, Chromium, Node, podman, Python and npm packages
	@tests/tools.sh

test: tools ## installs what the tests need and runs them all, the container image included
	@PROFILE=dev $(MAKE) --no-print-directory test-image
	@$(MAKE) --no-print-directory test-rust

test-rust: ## all tests of the code and with real clients, servers and browsers
	$(CARGO) test

test-image: ## builds the container image as it ships, runs it, calls through it
	deploy/test-image.sh

lint: ## format, clippy, documentation, licenses
	$(CARGO) fmt --check
	$(CARGO) clippy --quiet --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --quiet --no-deps --document-private-items
	@command -v cargo-deny >/dev/null || $(CARGO) install --quiet --locked --debug cargo-deny
	$(CARGO) deny --offline check licenses bans sources

bench: tools ## prints what a release build costs: at rest, for each call beside nginx, and with a million rows stored
	@$(CARGO) build --quiet --release --bins --examples
	@benches/rest.py target/release/keyferry
	@benches/gateway.py target/release/keyferry $(BENCH)

soak: ## prints what hostile callers and long bodies cost a release build, and what others notice of them
	@$(CARGO) build --quiet --release --bins --examples
	@benches/soak.py target/release/keyferry
	@benches/leave.py target/release/keyferry
	@benches/stream.py target/release/keyferry

FUZZ_SECONDS ?= 60
FUZZ = $(CARGO) fuzz

fuzz: ## runs every fuzz target, or FUZZ_TARGETS, for FUZZ_SECONDS (60) each, from the kept inputs; findings: tests/fuzz/artifacts
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --quiet --locked --debug cargo-fuzz
	@cp Cargo.lock tests/fuzz/Cargo.lock
	@for target in $(or $(FUZZ_TARGETS),$$($(FUZZ) list --fuzz-dir tests/fuzz)); do \
		mkdir -p tests/fuzz/target/corpus/$$target; \
		$(FUZZ) run --fuzz-dir tests/fuzz --sanitizer none $$target tests/fuzz/target/corpus/$$target tests/fuzz/corpus/$$target \
			-- -max_total_time=$(FUZZ_SECONDS) -timeout=5 -print_final_stats=1 || exit 1; \
	done

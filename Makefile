# make run   three nodes, a balancer and a demo SP on this machine     make test   everything that is checked
# make check types, lint, layers, unused code                          make bench  the benchmark's table
# make proof keys change and nodes die while people sign in: a table of zeros, in two minutes
# Options of run, bench and proof: make run ARGS=--help
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Node 24 comes with `npm ci`; it goes first, whatever the machine's own Node is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

.PHONY: help install run test check bench proof
help:
	@sed -n 's/^# //p' Makefile

install: node_modules/.package-lock.json

run: install
	node scripts/run.ts $(ARGS)

check: install
	npm run --silent check

test: install
	bash scripts/install-test-tools.sh
	npm run --silent check
	npm run --silent test

bench: install
	npm --prefix bench ci --no-audit --no-fund
	bash scripts/install-test-tools.sh
	node bench/bench.ts $(ARGS)

proof: install
	node scripts/proof.ts $(ARGS)

# A thin front door: every target installs what it needs, builds what it needs and runs. ./start --help lists them.
.DEFAULT_GOAL := help
.PHONY: help build demo lab check torture bench instructions fmt clean

help:
	@./start --help

build:
	@scripts/setup build
	@scripts/build gcc

demo:
	@scripts/setup build run
	@scripts/build gcc
	@scripts/demo

lab:
	@scripts/setup build run
	@scripts/build gcc
	@scripts/lab run lab $(if $(FRESH),--fresh)

check:
	@scripts/setup build run test
	@scripts/check

torture:
	@scripts/setup build run
	@scripts/build fault
	@scripts/torture --seconds $(or $(SECS),60) $(if $(SEED),--seed $(SEED))

bench:
	@scripts/setup build run bench
	@scripts/build release
	@scripts/bench $(if $(BASE),--base $(BASE)) $(if $(ROUNDS),--rounds $(ROUNDS))

instructions:
	@scripts/setup build run bench
	@scripts/instructions $(if $(BASE),--base $(BASE)) $(if $(ROUNDS),--rounds $(ROUNDS))

fmt:
	@scripts/setup dev
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-clang build-asan build-release build-fault build-base

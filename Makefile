# A thin front door: every target installs what it needs, builds what it needs and runs. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help build demo lab check torture bench instructions fmt clean

help:
	@echo "make demo    shows the whole system at work and ends by itself; exit 0 only if all it shows came true"
	@echo "make lab     starts the whole system on loopback and keeps it up until Ctrl-C; FRESH=1 deletes its kept state first"
	@echo "make check   builds with gcc, clang and sanitizers and runs every test"
	@echo "make torture SECS=600  breaks the laboratory under load for that long; SEED=n makes a run again"
	@echo "make bench   measures, and prints a table and a JSON file"
	@echo "make bench BASE=COMMIT [ROUNDS=9]      compares this build with an earlier commit's, and measures nothing else"
	@echo "make instructions [BASE=COMMIT]        counts the instructions that a trigger costs, with valgrind"
	@echo "make build   builds the programs into build/bin/"
	@echo "make fmt     formats the C files"
	@echo "make clean   removes the build directories"
	@echo "Each installs missing Debian packages by itself (list: scripts/packages.txt)."

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

# A thin front door: every target installs what it needs, builds what it needs and runs. ./start --help lists them.
.DEFAULT_GOAL := help
.PHONY: help build demo demo-ndsip lab check torture fuzz bench instructions fmt lint deb clean

# Variables are those of the command line only: FRESH=1 that a shell happens to export deletes nothing.
$(foreach v,FRESH DIR SECS SEED HOSTILE BASE ROUNDS ROWS KEEP,$(if $(filter environment,$(origin $v)),$(eval $v :=)))
given := $(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $v))),$v))
quote = '$(subst ','\'',$1)'
# Before a command does anything: refuses variables that it does not take, and values that are none.
accept = ./start --accept $@ $(foreach v,$(given),$(call quote,$v=$(value $v)))

help:
	@./start --help

build:
	@$(accept)
	@scripts/setup build
	@scripts/build gcc --only programs

demo:
	@$(accept)
	@scripts/setup build run
	@scripts/build gcc --only programs
	@scripts/demo

demo-ndsip:
	@$(accept)
	@scripts/setup build run
	@scripts/build gcc --only programs
	@scripts/demo-ndsip

lab:
	@$(accept)
	@scripts/setup build run
	@scripts/build gcc --only programs
	@scripts/lab run $(if $(DIR),$(call quote,$(DIR)),lab) $(if $(filter 1 yes,$(FRESH)),--fresh)

check:
	@$(accept)
	@scripts/setup build run
	@scripts/check --setup

torture:
	@$(accept)
	@scripts/setup build run
	@scripts/build fault
	@scripts/torture --seconds $(or $(SECS),60) $(if $(SEED),--seed $(SEED))
	@scripts/torture --southbound --seconds $$((($(or $(SECS),60) + 3) / 4)) $(if $(SEED),--seed $(SEED))
	@scripts/torture --smes --seconds $$((($(or $(SECS),60) + 3) / 4)) $(if $(SEED),--seed $(SEED))
	@scripts/power-cut --times $$((($(or $(SECS),60) + 149) / 150)) $(if $(SEED),--seed $(SEED))
	@scripts/hostile-flood --messages $(or $(HOSTILE),$$(($(or $(SECS),60) < 100 ? 20000 : $(or $(SECS),60) * 200))) $(if $(SEED),--seed $(SEED))
	@scripts/build gcc --only bin/bench_flood
	@scripts/strangers
	@scripts/tunnel-ends --if-possible --times $$(($(or $(SECS),60) < 300 ? 100 : $(or $(SECS),60) / 3)) $(if $(SEED),--seed $(SEED))

fuzz:
	@$(accept)
	@scripts/setup build fuzz
	@scripts/build fuzz
	@scripts/fuzz --seconds $(or $(SECS),60) $(if $(SEED),--seed $(SEED))

bench:
	@$(accept)
	@scripts/setup build run bench
	@scripts/build release
	@scripts/bench $(ROWS) $(if $(BASE),--base $(BASE)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(filter 1 yes,$(KEEP)),--keep)

instructions:
	@$(accept)
	@scripts/setup build run bench
	@scripts/instructions $(if $(BASE),--base $(BASE)) $(if $(ROUNDS),--rounds $(ROUNDS))

fmt:
	@$(accept)
	@scripts/setup dev
	@git ls-files '*.c' '*.h' | xargs clang-format -i

lint:
	@$(accept)
	@scripts/setup build run test dev package
	@scripts/build gcc
	@scripts/lint
	@scripts/build asan
	@scripts/check threads-whole tools system-asan

deb:
	@$(accept)
	@scripts/setup build package
	@scripts/deb

clean:
	@$(accept)
	rm -rf build build-clang build-asan build-release build-profiled build-fault build-fuzz build-base

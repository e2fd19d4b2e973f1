# The commands of the README.  Each brings what it needs (scripts/setup) and
# is silent about it when nothing is missing.
BUILD  ?= build
PYTEST  = /usr/bin/python3 -m pytest
JOBS   ?= 2

# A pipe fails where any part of it does.
SHELL       = /bin/bash
.SHELLFLAGS = -o pipefail -c

.PHONY: all run test test-all bench install deb format lint clean

all:
	@scripts/setup build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) >/dev/null
	@ninja -C $(BUILD) --quiet | sed '/^ninja: no work to do\.$$/d'

# The demonstration: a lab of network namespaces, an office gateway, a table.
# ONCE=1 ends after the table.
run:
	@scripts/setup build lab
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 -m tests.lab.demo $(if $(ONCE),--once)

# Unit, golden and story tests: what is quick.  JOBS files at a time, each
# process with a lab of its own.
test:
	@scripts/setup build lab test
	@$(MAKE) --no-print-directory all
	@$(PYTEST) -n $(JOBS) --dist loadfile tests

# And with sanitizers, longer fuzzing, both compilers, clang-tidy.
test-all: test
	@scripts/test-all

# Beside the peers; WORKLOADS="request tunnel" measures those alone.
bench:
	@scripts/setup build lab bench
	@$(MAKE) --no-print-directory all
	@bench/run $(WORKLOADS)

install:
	@scripts/setup build user
	@$(MAKE) --no-print-directory all
	@meson install -C $(BUILD)

# A package of what is committed, beside the other things that are built.
deb:
	@scripts/setup build deb
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/gatehouse
	@git archive HEAD | tar -x -C $(BUILD)/deb/gatehouse
	@cd $(BUILD)/deb/gatehouse && dpkg-buildpackage -us -uc -b >../log 2>&1 || \
	    { tail -n 20 ../log; exit 1; }
	@rm -rf $(BUILD)/deb/gatehouse
	@cd $(BUILD)/deb && lintian *.deb && ls $$PWD/*.deb

format:
	@scripts/setup lint
	@clang-format -i $$(git ls-files 'bpf/*.[ch]' 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]')

lint:
	@scripts/setup build test lint
	@scripts/lint

clean:
	@rm -rf build build-*

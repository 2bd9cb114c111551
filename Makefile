# Everything runs through uv with the lock file; where uv is absent, it goes into ./.uv.
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS = never

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --frozen

# The system tools of the tests; what each is for: `prodforensics doctor`.
TOOLS := binutils chromium clang delve fonts-dejavu-core gcc gdb gdb-multiarch libc6-dbg libclang-rt-dev linux-perf lldb \
	lz4 perl python3 python3-lldb tshark valgrind xz-utils zstd
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help demo lab test lint bench samples docs tools clean

help:
	@echo "make demo     explain samples of each investigation and write out/demo.html"
	@echo "make lab      open JupyterLab on the notebooks"
	@echo "make test     run the tests (absent system tools are named and skipped)"
	@echo "make lint     check format, style and lock file"
	@echo "make bench    measure against the peers and print the ratios"
	@echo "make samples  record the sample artifacts again"
	@echo "make docs     build the documentation into site/"
	@echo "make tools    install the system tools (apt)"

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

# A stamp, so that make does not ask uv about an environment that is up to date.
.venv/.synced: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	$(UV) sync --frozen --quiet
	@touch $@

demo: .venv/.synced
	$(RUN) prodforensics demo

lab: .venv/.synced
	$(RUN) prodforensics lab

test: .venv/.synced
	$(RUN) pytest -n 2 --dist loadgroup

lint: .venv/.synced
	$(UV) lock --check --quiet
	$(RUN) ruff format --check
	$(RUN) ruff check

bench: .venv/.synced
	$(RUN) python -m benchmarks

samples: .venv/.synced
	$(RUN) python sample_artifacts/generate.py

docs: .venv/.synced
	$(RUN) --group docs mkdocs build --strict -f docs/mkdocs.yml

tools:
	$(SUDO) apt-get update -q
	$(SUDO) apt-get install -q -y --no-install-recommends $(TOOLS)
	command -v go >/dev/null || $(SUDO) apt-get install -q -y --no-install-recommends golang-go
	command -v jfr >/dev/null || $(SUDO) apt-get install -q -y --no-install-recommends default-jdk-headless
	command -v mvn >/dev/null || $(SUDO) apt-get install -q -y --no-install-recommends maven
	command -v npm >/dev/null || $(SUDO) apt-get install -q -y --no-install-recommends nodejs npm

clean:
	rm -rf .venv .uv .cache out site dist .pytest_cache .ruff_cache .hypothesis

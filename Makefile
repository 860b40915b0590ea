# Everything sets itself up: `make run` on a fresh machine is enough.
PYTHON ?= python3
BIN = .venv/bin
# Only a Raspberry Pi has a board revision code. It needs a pin back end: the system's lgpio where
# there is one (PyPI has none for Python 3.13), else PyPI's.
ON_A_PI = test -e /proc/device-tree/system/linux,revision
HAS_LGPIO = $(PYTHON) -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("lgpio"))'
VENV_FLAGS = $(shell $(ON_A_PI) && echo --system-site-packages)
EXTRA = $(shell $(ON_A_PI) && ! $(HAS_LGPIO) && echo '[lgpio]')

.PHONY: help run test test-oldest test-pi test-faults test-https test-kiosk test-browsers test-pages test-attacks test-exhibits test-docs exhibits-client fuzz soak bench film lint format reference wheel sbom docs clean

help:  ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: .venv/run  ## start the example (PORT=8100: on that port); real pins on a Raspberry Pi, else simulated
	@exec $(BIN)/gpiobridge run $(if $(PORT),--port $(PORT))

test: .venv/dev .venv/browser lint  ## check style and types, and test the package in a real Chromium
	$(BIN)/pytest --numprocesses=3 --dist=worksteal

test-oldest: .venv/oldest/done .venv/browser  ## the same tests with the oldest versions that pyproject.toml allows
	.venv/oldest/bin/pytest --numprocesses=3 --dist=worksteal

test-pi: .venv/dev .venv/browser  ## test on a virtual Raspberry Pi (Debian, as root)
	$(BIN)/pytest tests/virtualpi

test-faults: .venv/dev .venv/browser  ## a minute of presses under every fault: lost 0, phantom 0
	$(BIN)/pytest tests/faults
	cd tests && ../$(BIN)/python -m faults --short

test-https: .venv/dev .venv/browser .venv/proxies  ## test behind Caddy and nginx (Debian, as root)
	PATH="$$PATH:/usr/sbin" $(BIN)/pytest tests/proxies

test-kiosk: .venv/dev .venv/browser .venv/kiosk  ## test the kiosk under cage, without a screen
	$(BIN)/pytest tests/cage

test-browsers: .venv/dev .venv/browsers  ## test in Firefox, WebKit and Chromium (Debian, as root)
	$(BIN)/pytest tests/browsers

test-pages: .venv/dev .venv/browser  ## test in Chromium how pages hold presses off, leave and idle, and outlive their server
	$(BIN)/pytest tests/pages --numprocesses=2 --dist=worksteal

# One after the other: these tests measure, and two at a time would disturb each other.
test-attacks: .venv/dev  ## attack a bridge, of which a good display must notice nothing; RFC 6455
	$(BIN)/pytest tests/attacks

test-exhibits: .venv/dev .venv/browser  ## run the exhibits of each version, and old tabs with this server
	$(BIN)/pytest tests/exhibits --numprocesses=2 --dist=worksteal

# Until the release: then that copy stays as it was shipped.
exhibits-client: .venv/dev  ## keep this version's client.js and promised names with the exhibits
	@version="$$(sed -nE 's/^version = "([0-9]+\.[0-9]+)\.0"/\1/p' pyproject.toml)"; \
	test "$$version" || { echo "only a version that ends in .0 keeps its client.js"; exit 1; }; \
	mkdir -p "tests/exhibits/$$version" && \
	cp gpiobridge/routes/assets/client.js "tests/exhibits/$$version/client.js" && \
	PYTHONPATH=tests $(BIN)/python tests/exhibits/names.py "$$version"

# The site is built first: tests open each of its pages.
test-docs: .venv/dev .venv/browser .venv/sbom docs  ## run what the README and docs/ show, as printed, open the site, and try the built wheel
	$(BIN)/pytest tests/docs --numprocesses=2 --dist=worksteal

fuzz: .venv/dev  ## send 100,000 malformed handshakes and frames to a running server
	$(BIN)/python tests/fuzz.py

MINUTES ?= 3
soak: .venv/soak  ## run for MINUTES under load and plot memory, descriptors, threads, latency
	$(BIN)/python tests/soak.py --minutes $(MINUTES)

# What is compared but can't be installed is named in the table.
bench: .venv/bench/done  ## measure speed and memory beside other servers: one minute; LONG=1: 25
	$(if $(LONG),-@$(MAKE) --no-print-directory .venv/browsers)
	@cd tests && PATH="$$PATH:/usr/sbin" ../$(BIN)/python -m bench $(if $(LONG),--long)

film: .venv/film .venv/browser  ## film a drawn button and the real page for the README
	cd tests && ../$(BIN)/python -m film

lint: .venv/dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From the tables and docstrings of the code; a test in tests/docs fails while it is stale.
reference: .venv/dev  ## write the made parts of docs/configuration.md
	$(BIN)/python tests/docs/reference.py

wheel: .venv/dev  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

# Of what pip installs today, in an environment without anything else; pip is no part of it.
sbom: wheel .venv/sbom  ## list the parts of the built wheel in dist/ (CycloneDX)
	@$(PYTHON) -m venv --clear --without-pip build/parts
	@$(BIN)/python -m pip --python build/parts install --quiet --disable-pip-version-check \
		"$$(ls -t dist/*.whl | head -n 1)"
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --spec-version 1.6 --short-PURLs \
		--output-file "$$(ls -t dist/*.whl | head -n 1 | sed 's/-py3.*/.cdx.json/')" build/parts

docs: .venv/docs  ## build the documentation site into build/site, without a warning
	$(BIN)/python docs/build.py

clean:  ## remove everything that these commands have made here
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "gpiobridge needs Python 3.11 or newer; make PYTHON=python3.12 names one"; exit 1; }
	@echo "setting up .venv ..."
	@$(PYTHON) -m venv $(VENV_FLAGS) .venv

.venv/run: .venv/bin/python pyproject.toml hatch_build.py
	@echo "installing gpiobridge into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	@touch $@

.venv/dev: .venv/run
	@echo "installing the test tools into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# A separate environment: the newest versions stay where they are.
.venv/oldest/done: .venv/run pyproject.toml tests/oldest.py
	@echo "installing the oldest versions into .venv/oldest ..."
	@$(PYTHON) -m venv --clear .venv/oldest
	@$(PYTHON) tests/oldest.py > .venv/oldest/constraints.txt
	@.venv/oldest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint .venv/oldest/constraints.txt --editable '.[dev]'
	@touch $@

.venv/soak: .venv/dev
	@echo "installing the plotting library into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,soak]'
	@touch $@

# The servers that gpiobridge is compared with: Python's from PyPI, Node's from npm, with the versions
# of the lock file, and Debian's mosquitto.
.venv/bench/done: .venv/dev tests/bench/peers/package-lock.json
	@echo "installing the servers that gpiobridge is compared with ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@mkdir -p .venv/bench/node && cp tests/bench/peers/package*.json .venv/bench/node
	@if command -v npm >/dev/null; then \
		cd .venv/bench/node && npm ci --silent --no-audit --no-fund; \
	else echo "npm is not installed: Node's servers are left out"; fi
	@if PATH="$$PATH:/usr/sbin" command -v mosquitto >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends mosquitto || :; \
	else echo "mosquitto is not installed, and is left out: apt-get install mosquitto"; fi
	@touch $@

.venv/film: .venv/dev
	@echo "installing the imaging library into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,film]'
	@touch $@

.venv/sbom: .venv/dev
	@echo "installing the tool that lists parts into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,sbom]'
	@touch $@

.venv/docs: .venv/dev
	@echo "installing what builds the documentation into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,docs]'
	@touch $@

# The system's Chromium where there is one, Debian's where we may install it, else Playwright's.
.venv/browser: .venv/dev
	@echo "looking for Chromium ..."
	@if command -v chromium; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else $(BIN)/playwright install --with-deps chromium; fi
	@touch $@

# Web servers that stand in front of the bridge; installing needs root and Debian.
.venv/proxies: .venv/dev
	@for tool in nginx caddy openssl; do \
		PATH="$$PATH:/usr/sbin" command -v $$tool >/dev/null || missing=yes; \
	done; \
	if [ "$$missing" ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends nginx-light caddy openssl; fi
	@touch $@

# cage 0.1 doesn't start without Xwayland, sway has several screens, grim takes the screenshots, systemd
# checks the unit, on an X server without a screen a visitor's keys are pressed, and wlr-randr turns the
# screen.
.venv/kiosk: .venv/dev Makefile
	@if command -v cage && command -v cog && command -v sway && command -v grim && \
		command -v Xwayland && command -v Xvfb && command -v xdotool && command -v xmodmap && command -v wlr-randr && \
		command -v systemd-analyze; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			cage cog sway grim xwayland xvfb xdotool x11-xserver-utils wlr-randr systemd; \
	else \
		echo "the kiosk's tests need a compositor, browsers and tools: on Debian, as root:" \
			"apt-get install cage cog sway grim xwayland xvfb xdotool x11-xserver-utils wlr-randr systemd"; \
		exit 1; \
	fi
	@touch $@

# Their drivers, an X server for WebKitGTK, what WebKit plays films with, and what makes one.
BROWSERS = firefox-esr webkit2gtk-driver wpewebkit-driver cog cage xwayland chromium chromium-driver xvfb \
	gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav gstreamer1.0-tools
.venv/browsers: .venv/dev
	@if found=$$(dpkg-query -W -f '$${db:Status-Status}\n' $(BROWSERS) 2>/dev/null) && \
		[ "$$(echo "$$found" | sort -u)" = installed ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing browsers ..." && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			$(BROWSERS); \
	else \
		echo "the tests in the browsers need, on Debian, as root:" \
			"apt-get install $(BROWSERS)"; exit 1; \
	fi
	@touch $@

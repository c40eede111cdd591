# All commands make .venv themselves; python3 (3.11 or newer), venv and make are all they need. Only test-browser
# and screenshots need more: Chromium, which is installed where it may be.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-browser check screenshots clean

demo: .venv/demo
	$(BIN)/snellen demo

test: .venv/dev .venv/vision/ready .venv/serving/ready
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-browser: .venv/browser
	browser_tests/chromium.sh
	$(BIN)/python -m pytest -n 2 --dist worksteal browser_tests

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# the pictures of docs/guide, from runs/demo
screenshots: .venv/browser
	browser_tests/chromium.sh
	$(BIN)/python docs/screenshots.py

.venv/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "snellen needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo: .venv/pip pyproject.toml constraints.txt
	$(PIP) --editable '.[demo]'
	@touch $@

.venv/dev: .venv/pip pyproject.toml constraints.txt
	$(PIP) --editable '.[hf,clip,classifier,onnx,api,data,probe,text,view,dev]'
	@touch $@ .venv/demo

.venv/browser: .venv/dev
	$(PIP) --editable '.[browser]'
	@touch $@

# apart from the others: beside torchvision, transformers prepares pictures in other ways
.venv/vision/ready: .venv/pip constraints.txt
	rm -rf .venv/vision
	$(PIP) --no-deps --target .venv/vision timm open_clip_torch torchvision ftfy wcwidth
	@touch $@

# what `transformers serve` needs, apart as well: with accelerate transformers loads models in other ways
.venv/serving/ready: .venv/pip constraints.txt
	rm -rf .venv/serving
	$(PIP) --no-deps --target .venv/serving fastapi starlette uvicorn openai jiter sniffio opentelemetry-api accelerate
	@touch $@

clean:
	rm -rf .venv runs .cache .mypy_cache .ruff_cache .hypothesis

# Every target makes what it needs: a virtual environment in .venv, with netc installed from this folder.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test trust coverage check bench

help: ## What there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: .venv/installed ## See what netc does: analyse, check, train, export
	@echo "LeNet-5, layer by layer (netc analyze lenet5):"
	@echo
	@$(BIN)/netc analyze lenet5
	@echo
	@echo "Where its first layer's figures come from (netc analyze lenet5 --explain conv1):"
	@echo
	@$(BIN)/netc analyze lenet5 --explain conv1
	@echo
	@echo "ResNet-50 with each block on one line, a batch of 32 (netc analyze resnet50 --depth 1 --dim N=32):"
	@echo
	@$(BIN)/netc analyze resnet50 --depth 1 --dim N=32
	@echo
	@echo "Do all expectations of all variants of VGG hold (netc check vgg)?"
	@echo
	@$(BIN)/netc check vgg
	@echo
	@echo "Train a network on 1,438 handwritten digits, and test it on the 359 that it has not seen"
	@echo "(netc train digits --data digits --val-split 0.2 --seed 0 --out demo-run):"
	@echo
	@rm -rf demo-run
	@$(BIN)/netc train digits --data digits --val-split 0.2 --seed 0 --out demo-run
	@$(BIN)/netc eval digits --weights demo-run/last.safetensors --data digits --val-split 0.2 --seed 0
	@echo
	@echo "Export it as an ONNX model, and test that in onnxruntime on the same digits"
	@echo "(netc export digits --weights demo-run/last.safetensors -o demo-run/digits.onnx; netc eval demo-run/digits.onnx ...):"
	@echo
	@$(BIN)/netc export digits --weights demo-run/last.safetensors -o demo-run/digits.onnx
	@$(BIN)/netc eval demo-run/digits.onnx --data digits --val-split 0.2 --seed 0

test: .venv/installed ## Run the tests
	$(BIN)/python -m pytest --quiet -n auto

trust: .venv/installed ## Run the long tests and all that prove promises; writes docs/trust.md
	$(BIN)/python -m pytest --quiet -n auto -m "trust or promise" --figures

coverage: .venv/installed ## Run the tests and list what they leave out: less than 90 % of lines and branches is an error
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest --quiet -n auto
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

check: .venv/installed ## Lint, format, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

bench: ## Measure start-up, analysis and training, against PyTorch; in an environment of its own, with netc built anew
	@test -d .venv-bench || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check '.[bench]'
	for part in startup analysis training memory scaling export; do .venv-bench/bin/python -m benchmarks.$$part --write || exit 1; done

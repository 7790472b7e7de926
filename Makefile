PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
ENGINE = .venv/bin/python
BLENDER = .venv-bpy45/bin/python
MATRIX = .venv-bpy45 .venv-bpy50 .venv-bpy51 .venv-bpy52

# The add-on's tests in some of the environments that have bpy; one whose Python is missing has none.
define in_blenders
@set -e; for environment in $(1); do \
  [ -e $$environment/ready ] || continue; \
  $$environment/bin/python -c "from importlib.metadata import version; print('Blender', version('bpy'))"; \
  SAGA_ENGINE_PYTHON=$(CURDIR)/$(ENGINE) $$environment/bin/python -m pytest -rs tests/saga_blender; \
done
endef

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile
	@echo 'Real scenes: SAGA_DATA names their folder, else ../shared/data.'
	@echo 'A window: ../shared/tools/blender-window makes one, on Linux.'

setup: .venv/ready ## the engine's environment, in .venv

demo: .venv/ready .venv-bpy45/ready ## a synthetic scene through the whole line, pictures in build/demo
	@extension=$$($(BLENDER) .ci/build_zip.py) && \
	$(ENGINE) -m benchmarks.demo --blender $(BLENDER) --extension "$$extension"

test: .venv/ready .venv-bpy45/ready .venv-bpy52/ready lint ## all tests, without a window
	$(ENGINE) -m pytest -rs tests --ignore tests/saga_blender --ignore tests/gui
	$(call in_blenders,.venv-bpy45 .venv-bpy52)

matrix: .venv/ready $(MATRIX:%=%/ready) ## the add-on's tests in every Blender that is supported
	$(call in_blenders,$(MATRIX))

newest: .venv/ready ## the add-on's tests in the newest Blender that the registry has
	rm -rf .venv-bpynewest
	@$(PYTHON) .ci/setup.py bpynewest
	$(call in_blenders,.venv-bpynewest)

fuzz: .venv/ready ## 10,000 broken files of each kind, and what the readers make of them
	$(ENGINE) -m pytest -rs tests/fuzz --cases 10000 --durations 30 -n logical --dist worksteal

test-faults: .venv/ready .venv-bpy45/ready .venv-bpy52/ready ## break everything; a table of what was survived
	$(ENGINE) .ci/faults.py

gui-test: .venv/ready .venv-bpy45/ready ## the add-on under simulated mouse and keys in a real window, pictures in build/gui
	@extension=$$($(BLENDER) .ci/build_zip.py) && \
	$(ENGINE) -m pytest -rs -s tests/gui --extension="$$extension"

quick-start: gui-test ## the pictures of a Blender window in docs, anew
	$(ENGINE) .ci/quick_start.py

icons: ## the tools' icons, anew
	$(PYTHON) .ci/icons.py

interaction: .venv/ready .venv-bpy45/ready ## how fast the viewport follows the hand, in a real window
	@extension=$$($(BLENDER) .ci/build_zip.py) && \
	$(ENGINE) -m benchmarks.interaction "$$extension"

real: .venv/ready ## real scenes through the whole line, pictures in build/real
	$(ENGINE) -m benchmarks.real

quality: .venv/ready ## how well clicks, names and decomposition find things: the table of docs/quality.md
	$(ENGINE) -m benchmarks.quality

pictures: demo ## the pictures in docs of the demo, of real scenes and of made-up cameras
	cp build/demo/tabletop.jpg docs
	$(ENGINE) -m benchmarks.readme
	$(ENGINE) -m benchmarks.cameras

zip: .venv-bpy45/ready ## the extension, ready to install, in build
	@$(BLENDER) .ci/build_zip.py

repo: .venv-bpy45/ready ## a repository that Blender installs and updates it from, in build/repo
	@$(BLENDER) .ci/repo.py

lint: .venv/ready ## style
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

clean: ## remove the environments and everything made
	rm -rf .venv .venv-bpy* build wheels

lock: .venv/ready ## pin and hash what the engine needs: requirements/*.lock of engine.txt
	$(ENGINE) .ci/lock.py

.venv/ready: requirements/engine.lock requirements/torch-cpu.lock requirements/dev.txt
	@$(PYTHON) .ci/setup.py engine

.venv-bpy%/ready: requirements/bpy%.txt
	@$(PYTHON) .ci/setup.py bpy$*

.PHONY: help setup demo test matrix newest fuzz test-faults gui-test quick-start icons interaction real
.PHONY: quality pictures zip repo lint lock clean

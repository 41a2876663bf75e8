# Each target is one line of intent; `make` alone lists them.
# Another Python: make lab PYTHON=python3.13      Arguments: make test ARGS="-k badges"

PYTHON ?= python3
RUN := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help lab test elsewhere test-browser refresh lint badges bench sweep minimax mlp-gan checkerboards ablation small-data classifier face-classifier weights digits pictures

export JUPYTER_PLATFORM_DIRS := 1
unexport MPLBACKEND

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

lab: .venv/.stamp ## Open the course in JupyterLab, on this computer only.
	@$(RUN) -m jupyterlab --ip=127.0.0.1 --ServerApp.allow_remote_access=False \
		--ServerApp.root_dir="$(CURDIR)" \
		--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		$$([ "$$(id -u)" != 0 ] || echo --allow-root) \
		$$($(can_browse) || echo --no-browser) $(ARGS)

test: .venv/.stamp ## Run all tests, the notebooks among them, in the smallest budget.
	OMP_NUM_THREADS=1 GAN_UTILS_BUDGET=smoke $(RUN) -m pytest $(ARGS)

elsewhere: .venv/.stamp ## Run notebooks and seeded tests as on other processors, each cell twice.
	$(RUN) -m staff elsewhere $(ARGS)

test-browser: .venv/.stamp ## Run the notebooks in JupyterLab, in Chromium, and move their sliders.
	@$(RUN) -m pip install --disable-pip-version-check --quiet -r tests_browser/requirements.txt
	@$(RUN) tests_browser/chromium.py
	OMP_NUM_THREADS=1 GAN_UTILS_BUDGET=smoke $(RUN) -m pytest tests_browser $(ARGS)

refresh: .venv/.stamp ## Run the notebooks again and store what they show (ARGS: only these).
	$(RUN) -m staff refresh $(ARGS)

lint: .venv/.stamp ## Check style, types, badges and the notebooks' rules.
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(RUN) -m staff badges --check
	$(RUN) -m staff lint

badges: .venv/.stamp ## Write badges, first cells and README's links from pyproject's address.
	$(RUN) -m staff badges

bench: .venv/.stamp ## Measure images per second beside a textbook loop.
	$(RUN) benchmarks/textbook.py $(ARGS)

sweep: .venv/.stamp ## Look for the training settings that serve a minute best.
	$(RUN) -m training_runs.sweep $(ARGS)

minimax: .venv/.stamp ## Make the runs over seeds that notebook 01 quotes: data/minimax.csv.
	$(RUN) -m training_runs.minimax $(ARGS)

mlp-gan: .venv/.stamp ## Make the runs over seeds that notebook 02 quotes: data/mlp_gan.csv.
	$(RUN) -m training_runs.mlp_gan $(ARGS)

checkerboards: .venv/.stamp ## Make the runs over seeds that notebook 03 quotes: data/checkerboards.csv.
	$(RUN) -m training_runs.checkerboards $(ARGS)

ablation: .venv/.stamp ## Make the runs over seeds that notebook 04 quotes: data/ablation.csv.
	$(RUN) -m training_runs.ablation $(ARGS)

small-data: .venv/.stamp ## Make the runs over seeds that notebook 06 quotes: data/small_data.csv.
	$(RUN) -m training_runs.small_data $(ARGS)

classifier: .venv/.stamp ## Train the digit classifier anew: data/digit_classifier.safetensors.
	$(RUN) -m training_runs.classifier digit $(ARGS)

face-classifier: .venv/.stamp ## Train the classifier of drawn faces anew: data/face_classifier.safetensors.
	$(RUN) -m training_runs.classifier face $(ARGS)

weights: .venv/.stamp ## Train anew the pairs that later notebooks look into (ARGS: only these).
	$(RUN) -m training_runs.weights $(ARGS)

digits: .venv/.stamp ## Take the digits sample from MNIST anew: data/digits.npz.
	$(RUN) -m training_runs.digits $(ARGS)

pictures: .venv/.stamp ## Draw README's pictures anew: images/.
	$(RUN) -m training_runs.pictures $(ARGS)

# A browser with windows of its own; a text browser would take over the terminal.
can_browse = { [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY$$BROWSER" ]; } \
	&& $(RUN) -c "import webbrowser; webbrowser.get()" 2>/dev/null

define no_python
No Python by the name of $(PYTHON) here. Install Python 3.11 or newer, or name yours: make PYTHON=python3.13
endef
define old_python
The course needs Python 3.11 or newer, and $(PYTHON) is older. Name another: make PYTHON=python3.13
endef
define no_venv
$(PYTHON) cannot make virtual environments. On Debian and Ubuntu install that part: apt install python3-venv
endef

.venv/.stamp: requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(no_python)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(old_python)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(no_venv)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "$(no_venv)" >&2; exit 1; }
	$(RUN) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

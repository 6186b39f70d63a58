# make book and make test do all set-up on a machine with git, make and Python 3.11 or newer.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

UV := $(shell command -v uv 2>/dev/null || echo .venv-tools/bin/uv)
BIN := .venv/bin
STAMP := .venv/.synced
# Where .venv cannot be made, as on a GPU machine without a network, the Python that is there.
PYTHON = $(shell command -v ./$(BIN)/python || command -v python3 || command -v python)
NOTEBOOKS := $(wildcard notebooks/[0-9]*.ipynb)

# One thread a process: results then do not depend on the number of cores, and two processes fill two cores.
export OMP_NUM_THREADS := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Training that tests and notebooks do on the way leaves no trace in the tree.
SCRATCH := $(or $(TMPDIR),/tmp)/resnet-course-scratch

.PHONY: help book test notebooks lint format unit nbval browser data records gpu links vendor screenshots serve environment clean
.PHONY: colab minimum slides assignments grade public formulas pdf third-party sbom audit wheel-test

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 22

book: $(STAMP)  ## set up and build the book
	jupyter-book build . --all -W -n --keep-going --quiet
	@echo "The book: $(CURDIR)/_build/html/index.html"

test: lint unit nbval book browser  ## set up and prove everything

environment: $(STAMP)  ## install what the course needs into .venv

$(STAMP): pyproject.toml uv.lock
	@command -v $(UV) >/dev/null || $(MAKE) --no-print-directory .venv-tools/bin/uv
	$(UV) sync --locked --all-extras --compile-bytecode
	@touch $@

.venv-tools/bin/uv:
	{ python3 -m venv .venv-tools && .venv-tools/bin/pip install --quiet uv; } \
		|| python3 -m pip install --quiet --target .venv-tools uv \
		|| { echo "uv could not be installed: it needs Python's venv or pip (Debian: apt-get install python3-venv)"; exit 1; }

lint: $(STAMP)  ## check style, types and which room imports which
	ruff check .
	ruff format --check .
	pyrefly check
	lint-imports

format: $(STAMP)  ## mend style
	ruff check --fix .
	ruff format .

unit: $(STAMP)  ## test the package, the records and the prose
	pytest tests -n 2 --dist loadfile -m "not browser"

nbval: $(STAMP)  ## run every notebook again and compare with its stored outputs
	RESNET_COURSE_RUNS=$(SCRATCH) pytest --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg \
		--nbval-cell-timeout 120 -n 2 --dist loadfile $(NOTEBOOKS)

colab: $(STAMP)  ## run every notebook in places like Colab: Python 3.12, an older and the newest PyTorch, no repository
	python -m tools.hosted_runs older newest

minimum: $(STAMP)  ## run every notebook with the oldest versions that pyproject.toml allows
	python -m tools.hosted_runs minimum

browser: $(STAMP)  ## look at the built book in a headless browser
	bash .ci/chromium
	pytest tests/book tests/tools -n 2 --dist loadfile -m browser
	$(if $(wildcard tests/exercises),pytest tests/exercises -m browser)

slides: $(STAMP)  ## make a lecture of each part from the chapters' cells, in _build/slides
	python -m tools.slides

notebooks: $(STAMP)  ## run every notebook and store its outputs
	RESNET_COURSE_RUNS=$(SCRATCH) jupyter nbconvert --to notebook --execute --inplace \
		--ExecutePreprocessor.timeout=120 $(NOTEBOOKS)

records: $(STAMP)  ## make the laptop tier's recorded runs (many hours on two cores; resumable)
	for study in $$(python -c "from resnet_course import studies; print(*studies.names())"); do \
		resnet-course run $$study --tier laptop --seeds 0 1 2 3 4 5 6 7 --out runs || exit 1; done
	resnet-course records add runs
	python -m tools.readme_figure

gpu:  ## bench and full-recipe runs on this machine's GPU, resumable (MINUTES=25 stops in time)
	$(PYTHON) -m tools.gpu_job $(if $(MINUTES),--max-minutes $(MINUTES))

assignments: $(STAMP)  ## make the released assignments from their sources
	python notebooks/exercises/grading/release.py

grade: $(STAMP)  ## grade a folder of submissions: make grade SUBMISSIONS=dir [ASSIGNMENT=02_the_block] [OUT=grades]
	python notebooks/exercises/grading/grade.py "$(SUBMISSIONS)" --out "$(or $(OUT),grades)" \
		$(if $(ASSIGNMENT),--assignment $(ASSIGNMENT))

public:  ## export the tree that may be published, without solutions: make public DIR=folder
	@test -n "$(DIR)" || { echo "say where: make public DIR=folder"; exit 1; }
	@test ! -e "$(DIR)" || { echo "$(DIR) is there already; name a new folder"; exit 1; }
	mkdir -p "$(DIR)"
	git archive HEAD | tar -x -C "$(DIR)"

data: $(STAMP)  ## fetch and verify CIFAR-10
	resnet-course data fetch

links: $(STAMP)  ## write the repository's address, from pyproject.toml, where a copy of it is needed
	python -m tools.links

formulas: book  ## set the book's formulas beforehand, so that readers need no script for them
	bash .ci/chromium
	python -m tools.formulas

pdf: book  ## print the whole book, _build/residual-networks-measured.pdf
	bash .ci/chromium
	python -m tools.print_book

vendor: $(STAMP)  ## fetch the vendored scripts and fonts again, from npm, and verify them
	python -m tools.vendor

third-party: $(STAMP)  ## write THIRD_PARTY.md, the licences of all that is not ours
	python -m tools.third_party

sbom: $(STAMP)  ## write a bill of materials, _build/resnet-course.cdx.json
	python -m tools.sbom

audit: $(STAMP)  ## check checksums, vendored files and actions, and ask about known vulnerabilities
	python -m tools.audit

wheel-test: $(STAMP)  ## install the wheel in a new environment and use it there
	python -m tools.wheel_test

screenshots: book  ## picture every page, light and dark, wide and narrow
	bash .ci/chromium
	python -m tools.screenshots

serve: book  ## serve the built book on this machine
	python -m http.server --directory _build/html 8000

clean:  ## remove what was built, but not the environment
	rm -rf _build $(SCRATCH) .pytest_cache .ruff_cache

# Everything a newcomer needs: `make demo` and `make test` on a fresh machine.
UV := $(shell command -v uv || echo python3 -m uv)
RUN := $(UV) run --no-sync --quiet

# No call here starts a process that stays; what measures or tests one says so.
export CONVTOOL_WARM := off

.PHONY: demo test check fuzz endure bench constants samples docs clean

demo: .venv/ready
	$(RUN) convtool image samples/chart.jpg out/ --kernel sobel-x --overwrite

# Two workers; threads of torch that wait leave their core to the other worker.
test: .venv/ready
	OMP_WAIT_POLICY=passive $(RUN) pytest --numprocesses 2 --dist worksteal --durations 10

check: .venv/ready
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	for system in linux darwin win32; do \
		$(RUN) mypy --platform $$system --cache-dir .mypy_cache/$$system || exit 1; \
	done
	MYPYPATH=tests:tests/bench $(RUN) mypy --config-file= --ignore-missing-imports \
		--check-untyped-defs --disable-error-code misc --cache-dir .mypy_cache/bench tests/bench/*.py

fuzz: .venv/ready
	CONVTOOL_FUZZ=5000 $(RUN) pytest tests/test_fuzz.py --hypothesis-show-statistics

endure: .venv/ready
	CONVTOOL_LONG=1 $(RUN) pytest tests/cases tests/cli tests/cluster tests/look tests/media \
		tests/remote tests/run tests/start tests/test_memory.py tests/warm

bench: .venv/ready
	$(RUN) python tests/bench --json bench.json
	$(RUN) python tests/bench/startup.py

constants: .venv/ready
	$(RUN) python tests/bench/constants.py

samples: .venv/ready
	$(RUN) python samples/make_samples.py

docs: .venv/ready
	$(RUN) python docs/make_animations.py
	$(RUN) python docs/make_gallery.py
	$(RUN) python docs/make_lessons.py
	$(RUN) python docs/make_plots.py
	$(RUN) python docs/make_report_picture.py

clean:
	rm -rf .venv out bench.json

.venv/ready: pyproject.toml
	@command -v uv >/dev/null || python3 -m uv --version >/dev/null 2>&1 \
		|| python3 -m pip install --quiet --user uv \
		|| python3 -m pip install --quiet --user --break-system-packages uv
	@[ -e $@ ] || echo "setting up .venv: PyTorch and other libraries, 3.4 GB on Linux unless uv has them"
	@[ -t 2 ] || quiet=--quiet; $(UV) sync $$quiet --compile-bytecode
	@touch $@

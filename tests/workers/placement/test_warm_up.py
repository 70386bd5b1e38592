# SPDX-License-Identifier: AGPL-3.0-or-later
"""After warming up nothing is left to compile or to load: no frame of any zone waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from benchmarks.placement_families import families
from workers.placement import place, prepare, warm_up
from workers.placement.instances import parse_instances
from workers.placement.production_search import look_again, solve

warm_up()
ready = len(solve.signatures), len(look_again.signatures)
assert ready == (1, 1), ready
looks = 0
for instance in parse_instances(families(range(2))):
    prepare(instance.problem)
    looks += place(instance.problem).evaluations > 0
assert looks and (len(solve.signatures), len(look_again.signatures)) == ready
"""


@pytest.mark.slow
def test_nothing_is_compiled_after_warming_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

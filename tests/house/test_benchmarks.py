# SPDX-License-Identifier: AGPL-3.0-or-later
"""`make bench`: tables for people, JSON for machines, one failure does not hide the others."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import __main__ as bench


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("benchmarks.toy")
    module.run = lambda quick: [{"zone": "kerb", "slots": 3, "ms": 1.23456}, {"zone": "lot", "slots": None}]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchmarks.toy", module)
    monkeypatch.setattr(bench, "names", lambda: ["toy"])
    return module


def test_a_table_is_printed_and_kept(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.run_one("toy", quick=True, output=tmp_path)
    printed = capsys.readouterr().out
    assert "zone  slots     ms" in printed
    assert "kerb      3  1.235" in printed
    kept = json.loads((tmp_path / "toy.json").read_text())
    assert kept["quick"] is True
    assert kept["tables"][""][0] == {"zone": "kerb", "slots": 3, "ms": 1.23456}


def test_several_tables_have_titles(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.tables_of({"by family": [{"a": 1}]}) == {"by family": [{"a": 1}]}
    assert bench.format_table([]) == "(nothing)"


def test_a_failure_is_reported_in_the_status(
    toy: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "OUTPUT", tmp_path)

    def fail(quick: bool) -> list[dict[str, object]]:
        raise ValueError("no instances")

    toy.run = fail  # type: ignore[attr-defined]
    assert bench.main([]) == 1
    assert "failed: toy" in capsys.readouterr().err


def test_an_unknown_name_is_refused_with_the_known_ones(
    toy: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        bench.main(["nothing"])
    assert "there are: toy" in capsys.readouterr().err

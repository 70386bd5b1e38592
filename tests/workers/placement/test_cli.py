# SPDX-License-Identifier: AGPL-3.0-or-later
"""``python -m workers.placement`` and the scorer: files in, files out, and messages that name the cure."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workers.placement.__main__ import main
from workers.placement.score import main as score_main
from workers.placement.score import score_instance

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("SPARK_SHARED", ROOT.parent / "shared"))
BENCH = SHARED / "bench" / "placement_public.json"

STRIP: dict[str, Any] = {
    "id": "strip",
    "family": "test",
    "zone": [[700_000, 4_000_000], [700_020, 4_000_000], [700_020, 4_000_003], [700_000, 4_000_003]],
    "occupied": [
        [[700_005.5, 4_000_000], [700_009, 4_000_000], [700_009, 4_000_004], [700_005.5, 4_000_004]]
    ],
    "slot": [5.0, 2.3],
    "mode": "parallel",
    "angle_ranges_deg": [[-12, 12]],
    "kerb": [[700_000, 4_000_000], [700_020, 4_000_000]],
    "seed": 5,
    "area": 60.0,
    "length": 20.0,
}


def write(path: Path, items: Any) -> Path:
    path.write_text(json.dumps(items), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "mode",
    [["production"], ["paper", "--settings", "published-x"], ["paper", "--settings", "published-full"]],
)
def test_solves_a_file_of_instances(tmp_path: Path, mode: list[str]) -> None:
    instances = write(tmp_path / "in.json", [STRIP, {**STRIP, "id": "empty", "occupied": []}])
    out = tmp_path / "out.json"
    assert main([str(instances), "-o", str(out), "--seed", "3", "--mode", *mode]) == 0
    results = json.loads(out.read_text(encoding="utf-8"))
    assert [entry["id"] for entry in results] == ["strip", "empty"]
    for entry in results:
        assert set(entry) == {"id", "slots", "cpu_ms", "bound", "gap", "reachable", "prepare_ms"}
        assert (entry["bound"] is None) == (mode[0] == "paper")
        assert entry["cpu_ms"] > 0
        for x, y, theta in entry["slots"]:
            assert 700_000 < x < 700_020 and 4_000_000 < y < 4_000_003
            assert abs(math.sin(theta)) < math.sin(math.radians(12.1))
    if mode == ["production"]:
        assert [len(entry["slots"]) for entry in results] == [3, 4]
    assert score_main([str(instances), str(out)]) == 0


def test_runs_as_a_module_and_repeats_itself(tmp_path: Path) -> None:
    instances = write(tmp_path / "in.json", [STRIP])
    slots = []
    for name in ("a.json", "b.json"):
        command = [
            sys.executable,
            "-m",
            "workers.placement",
            str(instances),
            "-o",
            str(tmp_path / name),
            "--seed",
            "9",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=True)
        assert done.stdout.startswith("3 slots in 1 zones")
        slots.append(json.loads((tmp_path / name).read_text(encoding="utf-8"))[0]["slots"])
    assert slots[0] == slots[1]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({"id": "not a list"}, "must hold a list"),
        ([{**STRIP, "zone": [[0, 0], [1, 1]]}], "instance strip:"),
        (
            [{**STRIP, "zone": [[0, 0], [9, 9], [9, 0], [0, 9]]}],
            "instance strip: zone is not a valid polygon",
        ),
        ([{k: v for k, v in STRIP.items() if k != "slot"}], "instance strip: 'slot' is missing"),
        ([{**STRIP, "mode": "upright"}], "instance strip: mode is 'upright'"),
        ([{**STRIP, "slot": [5.0]}], "instance strip:"),
        ([17], "instance number 0:"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], items: Any, message: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(write(tmp_path / "in.json", items)), "-o", str(tmp_path / "out.json")])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.json", "-o", "out.json", "--mode", "fast"], "invalid choice"),
        (["missing.json", "-o", "out.json"], "missing.json"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.json", [STRIP])
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


X, Y = 700_000, 4_000_000


@pytest.mark.parametrize(
    ("slots", "counted", "reasons"),
    [
        ([[X + 2.5, Y + 1.5, 0.0]], 1, []),
        ([[X + 2.4, Y + 1.5, 0.0]], 0, ["outside the zone"]),
        ([[X + 2.495, Y + 1.5, 0.0]], 1, []),  # half a centimetre
        ([[X + 3.1, Y + 1.5, 0.0]], 0, ["on a car"]),
        ([[X + 12.0, Y + 1.5, 0.0], [X + 16.9, Y + 1.5, 0.0]], 0, ["on another slot", "on another slot"]),
        ([[X + 14.0, Y + 1.5, math.radians(12.9)]], 0, ["outside the zone"]),
        ([[X + 14.0, Y + 1.5, math.pi]], 1, []),
    ],
)
def test_the_scorer_applies_the_benchmark_s_rules(
    slots: list[list[float]], counted: int, reasons: list[str]
) -> None:
    score = score_instance(STRIP, slots)
    assert score.counted == counted
    assert [reason.split(" lies ")[1] for reason in score.reasons] == reasons


def test_the_scorer_sees_a_forbidden_angle() -> None:
    deep = {**STRIP, "zone": [[X, Y], [X + 20, Y], [X + 20, Y + 9], [X, Y + 9]]}
    assert score_instance(deep, [[X + 14.0, Y + 4.5, math.radians(12.9)]]).counted == 1
    assert score_instance(deep, [[X + 14.0, Y + 4.5, math.radians(14.0)]]).reasons == (
        "slot 0 lies at a forbidden angle",
    )


@pytest.mark.skipif(
    not BENCH.exists(), reason=f"needs the public placement instances at {BENCH} (SPARK_SHARED)"
)
@pytest.mark.parametrize(
    ("mode", "least"),
    [
        (["production"], 597),
        (["paper", "--settings", "published-x"], 240),
        (["paper", "--settings", "published-full"], 180),
    ],
)
def test_the_public_instances_are_solved_without_one_infeasible_slot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: list[str], least: int
) -> None:
    out = tmp_path / "out.json"
    assert main([str(BENCH), "-o", str(out), "--mode", *mode]) == 0
    capsys.readouterr()
    assert score_main([str(BENCH), str(out)]) == 0
    total = capsys.readouterr().out.splitlines()[-1]
    assert total.endswith(" 0 infeasible")
    assert int(total.removeprefix("total: ").split(",")[0]) >= least

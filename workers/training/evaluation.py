# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m workers.training evaluate`: cars, stalls and spaces of one model in one run, as tables, JSON and a page.

Each image goes through the network once; every measure at every threshold comes from what it found then.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from workers.segmentation import DEFAULT_THRESHOLD, DOUBT_THRESHOLD, load_segmenter
from workers.segmentation.images import read_image
from workers.segmentation.protocol import CarMask, Segmenter
from workers.segmentation.weights import PAPER_THRESHOLD
from workers.training.acpds import StallPhoto, read_acpds
from workers.training.counts import Counts, table_one
from workers.training.dataset import IMAGE_ENDINGS, LabelledImage, find_images
from workers.training.evaluate import THRESHOLDS, count_false_cars, score_cars
from workers.training.evaluation_page import Picture, draw_cars, draw_stalls, write_page
from workers.training.evaluation_tables import (
    DISTANCE_BINS_M,
    Rows,
    pose_rows,
    print_table,
    space_row,
    stall_reliability,
    stall_row,
    stall_splits,
    summary_rows,
)
from workers.training.judge_cars import (
    NIGHT_BRIGHTNESS,
    best_threshold,
    car_splits,
    look_at_cars,
    reliability,
)
from workers.training.judge_spaces import FoundSpaces, judge_spaces
from workers.training.judge_stalls import count_stalls, judge_stalls, stalls_on_ground
from workers.training.stall_pose import StallPose, calibrate_photo

__all__ = ["add_evaluate_command", "evaluate"]

#: Stalls ask only whether anybody stands there, so they are judged at a lower score than outlines are published at:
#: the one with the best accuracy on ACPDS train.
STALL_THRESHOLD = 0.10
STALL_THRESHOLDS = (0.10, 0.15, 0.25, 0.35, 0.45, 0.60, 0.72)
WORST = 6


class Remembered:
    """A segmenter that looks at each image once, whoever asks."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._seen: dict[bytes, list[CarMask]] = {}

    @property
    def name(self) -> str:
        return self._segmenter.name

    def segment(self, images: Sequence[NDArray[np.uint8]]) -> list[list[CarMask]]:
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> list[CarMask]:
        key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        if key not in self._seen:
            (self._seen[key],) = self._segmenter.segment([image])
        return self._seen[key]


@dataclass
class Report:
    """Tables by title, pictures of what went most wrong, and the points of reliability diagrams."""

    model: str
    tables: dict[str, Rows] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    diagrams: dict[str, Rows] = field(default_factory=dict)

    def add(self, title: str, rows: Rows) -> None:
        """Keep and print a table."""
        self.tables[title] = rows
        print_table(title, rows)


def add_evaluate_command(commands: Any) -> None:
    """The subcommand and its options."""
    command = commands.add_parser("evaluate", help="measure a model: cars, stalls, spaces, false cars")
    command.add_argument("--cars", action="append", metavar="FOLDER[:LABELS]", help="YOLO-polygon data set")
    command.add_argument("--split", metavar="SPLIT.json:PART", help="only this part of the --cars sets")
    command.add_argument("--acpds", type=Path, help="stalls and spaces on photos of unseen places")
    command.add_argument("--acpds-split", choices=("train", "valid"), default="valid")
    command.add_argument("--photos", type=int, help="only the first so many of the ACPDS photos")
    command.add_argument("--empty", type=Path, help="folder of images without cars")
    command.add_argument("--weights", type=Path, help="default: the shipped model")
    command.add_argument("--engine", choices=("openvino", "ultralytics"), default="openvino")
    command.add_argument("--threshold", type=float, default=DEFAULT_THRESHOLD, help="cars and spaces")
    command.add_argument("--long-side", type=int)
    command.add_argument("--threads", type=int)
    command.add_argument(
        "-o", "--output", type=Path, metavar="REPORT.json", help="figures; a page beside it, REPORT.html"
    )
    command.set_defaults(run=evaluate)


def evaluate(options: argparse.Namespace) -> None:
    """Run what the options ask for, print it, write it."""
    segmenter = Remembered(
        load_segmenter(
            options.weights,
            min(THRESHOLDS),
            options.engine,
            long_side=options.long_side,
            threads=options.threads,
        )
    )
    print(f"model {segmenter.name}, long side {options.long_side or 'default'}")
    report = Report(segmenter.name)
    for text in options.cars or ():
        _cars(report, segmenter, text, options)
    if options.acpds:
        photos = read_acpds(options.acpds, options.acpds_split)[: options.photos]
        _stalls_and_spaces(report, segmenter, photos, f"ACPDS {options.acpds_split}", options.threshold)
    if options.empty:
        paths = sorted(p for p in options.empty.iterdir() if p.suffix.lower() in IMAGE_ENDINGS)
        rows = [
            {"threshold": t, "false cars per 100 images": n} for t, n in count_false_cars(segmenter, paths)
        ]
        report.add(f"no cars, {len(paths)} images of {options.empty.name}", rows)
    if options.output:
        document = {"model": report.model, "tables": report.tables, "reliability": report.diagrams}
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(document, indent=1), encoding="utf-8")
        write_page(
            options.output.with_suffix(".html"), report.model, report.tables, report.diagrams, report.pictures
        )


def _cars(report: Report, segmenter: Segmenter, text: str, options: argparse.Namespace) -> None:
    folder, _, labels = text.partition(":")
    images = chosen_part(find_images(Path(folder), labels.partition(":")[0] or "labels"), options.split)
    name = f"{len(images)} images of {Path(folder).name}"
    scores = score_cars(segmenter, images)
    report.add(f"cars, {name}", [asdict(s) | {"f1": s.f1} for s in scores])
    seen = look_at_cars(segmenter, images)
    best = best_threshold(seen, THRESHOLDS)
    for title, threshold in (
        ("the paper's", PAPER_THRESHOLD),
        ("best F1", best),
        ("ours", options.threshold),
    ):
        rows = summary_rows(table_one([image.counts(threshold) for image in seen]))
        report.add(f"cars per image, {name}, threshold {threshold:g} ({title})", rows)
    report.add(f"cars by kind, {name}, threshold {options.threshold:g}", car_splits(seen, options.threshold))
    bins = [asdict(b) for b in reliability(seen)]
    report.add(f"scores of cars, {name}", bins)
    report.diagrams[f"cars, {name}"] = bins
    worst = sorted(seen, key=lambda image: -image.counts(options.threshold).wrong)[:WORST]
    by_path = {image.image: image for image in images}
    for image in worst:
        counts = image.counts(options.threshold)
        if counts.wrong:
            report.pictures.append(draw_cars(by_path[image.path], segmenter, options.threshold, counts))


@dataclass(frozen=True)
class _Photo:
    photo: StallPhoto
    size: tuple[int, int]
    night: bool
    cars: list[CarMask]
    pose: StallPose
    calibration: Calibration | None

    def above(self, threshold: float) -> list[CarMask]:
        return [car for car in self.cars if car.score >= threshold]


def _stalls_and_spaces(
    report: Report, segmenter: Segmenter, photos: Sequence[StallPhoto], name: str, threshold: float
) -> None:
    seen = [_look(segmenter, photo) for photo in photos]
    report.add(f"poses from the stalls, {name}", pose_rows([p.pose for p in seen]))
    judged = {
        t: [judge_stalls(p.photo, p.size, p.above(t), p.calibration) for p in seen] for t in STALL_THRESHOLDS
    }
    for raw, kind in ((True, "raw masks"), (False, "footprints")):
        rows = [stall_row(t, [s for stalls in judged[t] for s in stalls], raw) for t in STALL_THRESHOLDS]
        report.add(f"stalls, {name}, {len(photos)} photos, {kind}", rows)
    best = judged[STALL_THRESHOLD]
    for title, t in (("chosen on train", STALL_THRESHOLD), ("the paper's", PAPER_THRESHOLD)):
        rows = summary_rows(table_one([count_stalls(stalls) for stalls in judged[t]]))
        report.add(f"stalls per photo, {name}, footprints, threshold {t:g} ({title})", rows)
    flat = [s for stalls in best for s in stalls]
    night = {p.photo.path.stem: p.night for p in seen}
    report.add(
        f"stalls by kind, {name}, footprints, threshold {STALL_THRESHOLD:g}", stall_splits(flat, night)
    )
    bins = stall_reliability(flat)
    report.add(f"scores of stalls, {name}", bins)
    report.diagrams[f"stalls, {name}"] = bins
    spaces: dict[str, list[FoundSpaces]] = {}
    for p in seen:
        if p.calibration is not None:
            stalls = stalls_on_ground(p.photo, p.size, p.calibration)
            key = p.photo.path.stem
            maybe = p.above(min(threshold, DOUBT_THRESHOLD))
            spaces[key] = judge_spaces(key, stalls, p.photo.occupied, maybe, p.calibration, threshold)
    _spaces(report, [f for found in spaces.values() for f in found], name, threshold)
    order = sorted(zip(seen, best, strict=True), key=lambda pair: -count_stalls(pair[1]).wrong)[:WORST]
    for p, stalls in order:
        report.pictures.append(
            draw_stalls(
                p.photo, p.above(STALL_THRESHOLD), stalls, p.calibration, spaces.get(p.photo.path.stem, [])
            )
        )


def _look(segmenter: Segmenter, photo: StallPhoto) -> _Photo:
    image = read_image(photo.path)
    size = image.shape[1], image.shape[0]
    pose, calibration = calibrate_photo(photo, size)
    night = bool(image.mean() < NIGHT_BRIGHTNESS)
    return _Photo(photo, size, night, segmenter.segment([image])[0], pose, calibration)


def _spaces(report: Report, found: Sequence[FoundSpaces], name: str, threshold: float) -> None:
    by_photo: dict[str, Counts] = {}
    for row in found:
        by_photo[row.photo] = by_photo.get(row.photo, Counts(true_negatives=0)) + row.counts
    if not found:
        return
    rows = summary_rows(table_one(list(by_photo.values())))
    report.add(f"spaces per photo, {name}, threshold {threshold:g}", rows)
    kinds: list[tuple[str, list[FoundSpaces]]] = [("all", list(found))]
    for low, high in DISTANCE_BINS_M:
        kinds.append((f"{low}-{high} m", [f for f in found if low <= f.distance_m < high]))
    kinds += [(mode, [f for f in found if f.mode == mode]) for mode in ("perpendicular", "diagonal")]
    report.add(
        f"spaces by kind, {name}, threshold {threshold:g}",
        [space_row(kind, chosen) for kind, chosen in kinds if chosen],
    )


def chosen_part(images: list[LabelledImage], split: str | None) -> list[LabelledImage]:
    """Only the images that `split` (SPLIT.json:PART) lists, when it is given."""
    if not split:
        return images
    path, _, part = split.rpartition(":")
    listed = {Path(p).name for p in json.loads(Path(path).read_text(encoding="utf-8"))[part]}
    return [image for image in images if image.image.name in listed]

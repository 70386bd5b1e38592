# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which model file, which of its classes are cars, and the name under which its results are kept."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from workers.segmentation.protocol import WeightsError

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "spark-yolov8n-seg-int8.xml"
DOUBT_THRESHOLD = 0.2  # chosen on photos that no model is judged by; decision 025
PAPER_THRESHOLD = 0.72  # the SPARK paper's, for cars
DEFAULT_THRESHOLD = 0.45  # best F1 of the shipped model on renders and photos held out; see its MODEL_CARD.md
CAR_NAMES = frozenset({"car", "cars", "vehicle", "van", "bus", "truck"})


def check_weights(path: Path, suffixes: Sequence[str]) -> Path:
    """The path, when a file with one of the endings lies there. Raises WeightsError naming path and cure."""
    path = Path(path)
    if not path.is_file():
        raise WeightsError(
            f"no model file at {path}. The model that ships with SPARK is {DEFAULT_WEIGHTS.name} in "
            "workers/segmentation/weights; export another with `python -m workers.training export`"
        )
    if path.suffix.lower() not in suffixes:
        raise WeightsError(
            f"{path} does not end in {' or '.join(suffixes)}: this engine reads no other model files"
        )
    for part in weight_files(path):
        if not part.is_file():
            raise WeightsError(f"{path} has no {part.name} beside it: copy both files")
    return path


def weight_files(path: Path) -> tuple[Path, ...]:
    """The file, and with it the .bin in which OpenVINO's own format (.xml) keeps the numbers."""
    return (path, path.with_suffix(".bin")) if path.suffix.lower() == ".xml" else (path,)


def weights_name(path: Path) -> str:
    """File name without ending, and the first 12 hex digits of its (or both its files') SHA-256:
    'spark-yolov8n-seg@0123456789ab'."""
    digest = hashlib.sha256()
    for part in weight_files(path):
        with part.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return f"{path.stem}@{digest.hexdigest()[:12]}"


def parse_names(text: str) -> dict[int, str]:
    """Class names as Ultralytics writes them into its exports: "{0: 'person', 2: 'car'}"; {} when it is no such text."""
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {}
    return {int(k): str(v) for k, v in names.items()} if isinstance(names, dict) else {}


def choose_classes(
    names: Mapping[int, str], class_count: int, wanted: Sequence[int | str] | None, path: Path
) -> tuple[int, ...]:
    """Indices of the classes that count as cars, ascending.

    wanted: indices or names; None takes a model's only class, or of several those named like a vehicle (with the 80
    classes of COCO: car 2, bus 5, truck 7). Raises WeightsError when a wanted class is not in the model.
    """
    if wanted is None:
        if class_count == 1:
            return (0,)
        found = tuple(sorted(i for i, name in names.items() if name.lower() in CAR_NAMES and i < class_count))
        if not found:
            raise WeightsError(
                f"{path} knows {class_count} classes and none is named like a car ({_list(names)}): name them (--classes)"
            )
        return found
    by_name = {name.lower(): i for i, name in names.items()}
    indices = set()
    for item in wanted:
        text = str(item).strip().lower()
        index = int(text) if text.isdecimal() else by_name.get(text, -1)
        if not 0 <= index < class_count:
            raise WeightsError(
                f"class {item!r} is not in {path}, which has {class_count} classes ({_list(names)})"
            )
        indices.add(index)
    if not indices:
        raise WeightsError("the list of classes is empty: nothing could ever be found")
    return tuple(sorted(indices))


def _list(names: Mapping[int, str]) -> str:
    shown = [f"{i} {name}" for i, name in sorted(names.items())][:10]
    return ", ".join(shown) + (", …" if len(names) > 10 else "") if shown else "without names"

# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m workers.segmentation IMAGE… -o OUT.json`: cars of image files as JSON.

Output: {"images": [{"path", "width", "height", "cars": [{"score", "polygons": [[[x, y], …], …]}]}]}, in pixels of the
original image as described in `protocol`. An unreadable image is named on standard error and left out, and the exit
status is then 1; weights that cannot be used end with status 2 and no output.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from workers.segmentation import CarMask, ImageError, SegmentationError, load_segmenter
from workers.segmentation.images import read_image

COORDINATE_DECIMALS = 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        segmenter = load_segmenter(
            options.weights,
            options.threshold,
            options.engine,
            classes=options.classes.split(",") if options.classes else None,
            long_side=options.long_side,
            threads=options.threads,
            warm_up=options.timings,
        )
    except SegmentationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    images, failed = [], 0
    for path in options.images:
        start = perf_counter()
        try:
            image = read_image(path)
        except ImageError as error:
            print(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        decoded = perf_counter()
        cars = segmenter.segment([image])[0]
        height, width = image.shape[:2]
        images.append(
            {"path": str(path), "width": width, "height": height, "cars": [car_json(car) for car in cars]}
        )
        if options.timings:
            _print_times(path, (decoded - start) * 1000, (perf_counter() - decoded) * 1000, segmenter)
    text = json.dumps({"images": images}, ensure_ascii=False)
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text + "\n", encoding="utf-8")
    return 1 if failed else 0


def car_json(car: CarMask) -> dict[str, Any]:
    """One car as it stands in the output file."""
    polygons = [
        [[round(float(v), COORDINATE_DECIMALS) for v in point] for point in ring] for ring in car.polygons
    ]
    return {"score": round(car.score, 4), "polygons": polygons}


def _print_times(path: Path, decode_ms: float, segment_ms: float, segmenter: Any) -> None:
    stages = f"decode {decode_ms:.1f} ms, segment {segment_ms:.1f} ms"
    times = getattr(segmenter, "times", None)
    if times is not None:
        stages += f" (letterbox {times.letterbox_ms:.1f}, network {times.network_ms:.1f}, masks {times.masks_ms:.1f})"
    print(f"{path}: {stages}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workers.segmentation",
        description="Find the cars in images and write their outlines as JSON.",
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("-o", "--output", type=Path, help="JSON file to write (default: standard output)")
    parser.add_argument("--weights", type=Path, help="model file (default: the one that ships with SPARK)")
    parser.add_argument(
        "--threshold", type=float, help="least score of a car (default: the model's measured best)"
    )
    parser.add_argument("--engine", choices=("openvino", "ultralytics"), default="openvino")
    parser.add_argument("--classes", help="class numbers or names that count as cars, with commas between")
    parser.add_argument("--long-side", type=int, help="input size of the longer image side, pixels")
    parser.add_argument("--threads", type=int, help="CPU threads of one inference")
    parser.add_argument(
        "--timings", action="store_true", help="print milliseconds by stage to standard error"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

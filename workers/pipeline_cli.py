# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m workers.pipeline`: the whole method on one image, without a database or a queue."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from apps.parking.vehicles import parse_classes
from camera_registry.calibration import Calibration
from workers.drawing import draw_analysis
from workers.pipeline import MAX_RANGE_M, CameraView, analyse_frame
from workers.segmentation import DEFAULT_THRESHOLD, DOUBT_THRESHOLD, load_segmenter
from workers.zone_files import read_zones, spaces_collection

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workers.pipeline",
        description="Find the free spaces on one image: cars are segmented, put on the ground, taken out of the zones.",
    )
    parser.add_argument("image", type=Path)
    parser.add_argument(
        "--calibration", type=Path, required=True, help="JSON from python -m camera_registry.calibrate"
    )
    parser.add_argument("--zones", type=Path, required=True, help="GeoJSON polygons, WGS 84")
    parser.add_argument("-o", "--output", type=Path, required=True, help="free spaces as GeoJSON, WGS 84")
    parser.add_argument("--draw", type=Path, help="also write the image with the results drawn onto it")
    parser.add_argument("--weights", type=Path, help="another model than the one that ships")
    parser.add_argument(
        "--threshold", type=float, default=DEFAULT_THRESHOLD, help="score from which a mask is a car, 0 to 1"
    )
    parser.add_argument(
        "--doubt",
        type=float,
        default=DOUBT_THRESHOLD,
        help="score from which it may be one, so that the ground below is unknown, 0 to 1",
    )
    parser.add_argument(
        "--max-range", type=float, default=MAX_RANGE_M, metavar="M", help="believe ground up to here"
    )
    parser.add_argument(
        "--vehicle",
        action="append",
        default=[],
        metavar="LxW",
        help="also lay out for such vehicles, e.g. 5.9x2.0",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the bees")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status: 2 for input that cannot be used."""
    args = _parser().parse_args(argv)
    try:
        calibration = Calibration.from_json(json.loads(args.calibration.read_text(encoding="utf-8")))
        zones = read_zones(args.zones)
        vehicles = parse_classes(tuple(args.vehicle))
        image = cv2.imread(str(args.image), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{args.image} cannot be read as an image")
        segmenter = load_segmenter(weights=args.weights, threshold=min(args.threshold, args.doubt))
        camera = CameraView(calibration, args.max_range)
        analysis = analyse_frame(image, segmenter, camera, zones, args.seed, vehicles, certain=args.threshold)
    except (OSError, ValueError) as error:
        print(f"pipeline: {error}", file=sys.stderr)
        return 2
    seen = {layout.zone_slug for layout in analysis.layouts}
    unseen = [zone.slug for zone in zones if zone.slug not in seen]
    collection = spaces_collection(analysis.layouts, unseen)
    args.output.write_text(json.dumps(collection) + "\n", encoding="utf-8")
    if args.draw:
        cv2.imwrite(str(args.draw), draw_analysis(image, analysis, calibration, zones))
    for zone in collection["zones"]:
        free = "unknown" if zone["free_count"] is None else f"{zone['free_count']} free"
        fits = "".join(f", {count} for {key}" for key, count in zone.get("free_for", {}).items())
        print(f"{zone['slug']:<24} {free}{fits}")
    if analysis.blind:
        print(f"nothing can be said of {args.image}: {analysis.blind}", file=sys.stderr)
    print(
        f"{len(analysis.observation.cars)} cars, {len(analysis.observation.doubtful)} in doubt; segment {analysis.segment_ms:.0f} ms, ground {analysis.ground_ms:.0f} ms,"
        f" placement {analysis.placement_ms:.0f} ms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Command line: render frames of the simulated street with their truth. Needs no Django.

python -m apps.demo.render --frames 400 -o DIR --labels yolo --vary --light mixed --seed 1
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from apps.demo.dataset import generate, write_frame
from apps.demo.light import LIGHT_NAMES
from apps.demo.views import demo_cameras


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="apps.demo.render", description="Render the simulated street.")
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--labels", choices=["yolo"], help="write YOLO segmentation labels too")
    parser.add_argument(
        "--camera", choices=[c.name for c in demo_cameras()], default="", help="one demo camera only"
    )
    parser.add_argument("--light", choices=[*LIGHT_NAMES, "mixed"], default="mixed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--vary", action="store_true", help="another street, camera and light every few frames"
    )
    parser.add_argument("--hard", action="store_true", help="dark cars, and frames with few cars or none")
    parser.add_argument("--size", metavar="WxH", help="image size; 1920x1080, or 1280x720 with --vary")
    options = parser.parse_args(arguments)
    size = None
    if options.size:
        try:
            width, height = (int(v) for v in options.size.lower().split("x"))
        except ValueError:
            parser.error(f"--size wants WIDTHxHEIGHT, not {options.size!r}")
        size = (width, height)
    begin = time.monotonic()
    labelled = 0
    frames = generate(
        options.frames,
        seed=options.seed,
        light=options.light,
        camera=options.camera,
        vary=options.vary,
        size=size,
        hard=options.hard,
    )
    for done, rendered in enumerate(frames, start=1):
        write_frame(rendered, options.output, labels=options.labels == "yolo")
        labelled += sum(c.visible_px > 0 for c in rendered.truth.cars)
        if done % 10 == 0 or done == options.frames:
            spent = time.monotonic() - begin
            sys.stdout.write(
                f"{done}/{options.frames} frames, {labelled} cars in view, {spent / done:.2f} s a frame\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

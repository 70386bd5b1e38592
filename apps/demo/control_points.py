# SPDX-License-Identifier: AGPL-3.0-or-later
"""Control points of the demo's cameras, as a volunteer would survey and click them: good to about a pixel.

Written as the CSV that `python -m camera_registry.calibrate` reads, so that calibrating by hand can be tried, and tested
against the exact calibration.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.demo.camera import DemoCamera
from apps.demo.layout import Layout, to_world
from apps.demo.truth import ground_hidden, street_frame
from camera_registry.mercator import xy_3857_to_lonlat

CLICK_NOISE_PX = 1.0
EDGE_PX = 25.0
"""Nobody clicks points at the very edge, where the lens is worst."""


def landmarks(layout: Layout) -> dict[str, tuple[float, float]]:
    """Places on the ground that anyone can find again: name → (s, t) in the street frame."""
    road, far, near = layout.road_half_m, layout.road_half_m + 2.4, -layout.road_half_m - 5.2
    places = {
        "kerb-east-north": (-48.0, far),
        "kerb-drive-north": (-4.0, far),
        "kerb-drive-south": (4.0, far),
        "kerb-east-south": (48.0, far),
        "bay-west-north": (-35.5, near),
        "bay-west-south": (23.5, near),
        "bay-west-north-road": (-35.5, -road),
        "bay-west-south-road": (23.5, -road),
        "yard-wall-north": (-13.0, 33.0),
        "yard-wall-south": (13.0, 33.0),
        "yard-gate-north": (-13.0, 10.4),
        "yard-gate-south": (13.0, 10.4),
        "cover-north": (-12.0, 1.1),
        "cover-middle": (11.0, 1.1),
        "path-west": (-4.0, near - 3.4),
        "path-west-south": (4.0, near - 3.4),
    }
    return places | {
        f"lamp-{k + 1}": (s, t - 0.09) for k, (s, t) in enumerate(layout.lamps) if t > 0 and abs(s) < 50
    }


def write_control_points(
    path: Path, layout: Layout, camera: DemoCamera, inverse_depth: NDArray[np.float32], seed: int = 0
) -> int:
    """Write the landmarks that a camera sees; returns how many. inverse_depth: of `background.static_depth`."""
    names, places = zip(*landmarks(layout).items(), strict=True)
    xy = to_world(np.array(places))
    px, ahead = camera.project(np.column_stack([xy, np.zeros(len(xy))]))
    limits = np.array([camera.width, camera.image_height]) - EDGE_PX
    seen = (ahead > 0) & ((px > EDGE_PX) & (px < limits)).all(axis=1)
    seen &= ~ground_hidden(camera, inverse_depth, xy)
    px = px + np.random.default_rng([seed, 71]).normal(0, CLICK_NOISE_PX, px.shape)
    lonlat = xy_3857_to_lonlat(street_frame().to_3857(xy))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "px_x", "px_y", "lon", "lat"])
        for k in np.nonzero(seen)[0]:
            writer.writerow([names[k], *(f"{v:.2f}" for v in px[k]), *(f"{v:.8f}" for v in lonlat[k])])
    return int(seen.sum())

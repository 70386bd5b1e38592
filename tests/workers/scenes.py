# SPDX-License-Identifier: AGPL-3.0-or-later
"""A strip of kerb seen by a camera 35 m up, with prisms for cars: truth for the pipeline's tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import affinity

from camera_registry.calibration import calibration_from_pose
from camera_registry.pose import rotation
from workers.occupancy import Zone
from workers.segmentation import CarMask

SIZE = (1920, 1080)
POSE = {"ground_3857": (3_950_728.0, 4_683_069.0), "height_m": 35.0, "focal_px": 960.0, "yaw_deg": 0.0}
PITCH = 30.0
CALIBRATION = calibration_from_pose(SIZE, pitch_deg=PITCH, **POSE)
FRAME = CALIBRATION.frame


def zone(x0=-20.0, x1=20.0, y0=40.0, y1=42.4, **attributes) -> Zone:
    """A parallel kerb strip north of the camera; corners in true metres from its nadir. The kerb is its far edge."""
    kerb = FRAME.geometry_to_3857(shapely.LineString([(x0, y1), (x1, y1)]))
    strip = FRAME.geometry_to_3857(shapely.box(x0, y0, x1, y1))
    return Zone(**{"slug": "strip", "polygon_3857": strip, "kerb_3857": kerb} | attributes)


def car(x: float, y: float = 41.2, length: float = 4.4, width: float = 1.8, turn_deg: float = 0.0):
    """The footprint of a car in true metres, centre (x, y), its length along x."""
    box = shapely.box(x - length / 2, y - width / 2, x + length / 2, y + width / 2)
    return affinity.rotate(box, turn_deg)


def mask_of(footprint_m: shapely.Polygon, height_m: float = 0.95, score: float = 0.9) -> CarMask:
    """The silhouette in pixels of a body over that footprint, from sill to bonnet."""
    base = shapely.get_coordinates(footprint_m)[:-1]
    world = np.vstack([np.column_stack([base, np.full(len(base), z)]) for z in (0.25, height_m)])
    camera = (world - [0, 0, POSE["height_m"]]) @ rotation(POSE["yaw_deg"], PITCH, 0.0).T
    px = camera[:, :2] / camera[:, 2:] * POSE["focal_px"] + np.array(SIZE) / 2
    outline = shapely.get_coordinates(shapely.MultiPoint(px).convex_hull)[:-1]
    return CarMask(score, (outline,))


#: The score of a car that the truth's segmenter doubts; its other cars are beyond doubt.
UNSURE = 0.3


@dataclass
class TruthSegmenter:
    """A segmenter that knows the cars: the real protocol without a network."""

    cars: list[shapely.Polygon]
    name: str = "truth"
    doubtful: tuple[shapely.Polygon, ...] = ()

    def segment(self, images):
        sure = [mask_of(footprint) for footprint in self.cars]
        unsure = [mask_of(footprint, score=UNSURE) for footprint in self.doubtful]
        return [sure + unsure for _ in images]


def image() -> np.ndarray:
    """Stripes: a picture without edges would be taken for a covered lens."""
    rows = np.where(np.arange(SIZE[1]) // 60 % 2, 200, 60).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(rows[:, None, None], (SIZE[1], SIZE[0], 3)))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parking stalls with known occupancy: what the masks say of them in the picture, and what footprints say on the ground.

In the picture a stall counts as occupied when masks cover more than `RAW_COVER` of it; a car's upper body then takes the
empty stall behind it. On the ground each car stands in the stall it covers most (as a share of the smaller of both), and a
stall is occupied when a car that stands in it covers `CLAIM` of it, or all cars together cover `GROUND_COVER`. The two
numbers were chosen on ACPDS train. A photo without a believable pose is judged by raw masks and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from camera_registry.footprint import CarOnGround, cars_on_ground
from camera_registry.overlay import polygonal, union
from workers.segmentation.protocol import CarMask
from workers.training.acpds import StallPhoto
from workers.training.counts import Counts

__all__ = ["CLAIM", "GROUND_COVER", "RAW_COVER", "Stall", "count_stalls", "judge_stalls", "stalls_on_ground"]

Float = NDArray[np.float64]

RAW_COVER = 0.30
CLAIM = 0.25
GROUND_COVER = 0.25


@dataclass(frozen=True)
class Stall:
    """One stall of one photo. raw_share: of it under masks in the picture. claim, cover: on the ground, see the module.

    hidden_share: of the stall on the ground that is only seen as a car's upper body. score: of the best car that covers
    it. distance_m: from the camera's nadir. The last four are None when the photo's pose is unknown.
    """

    photo: str
    number: int
    occupied: bool
    raw_share: float
    score: float
    claim: float | None = None
    cover: float | None = None
    hidden_share: float | None = None
    distance_m: float | None = None

    @property
    def raw_says(self) -> bool:
        """Occupied, by raw masks."""
        return self.raw_share > RAW_COVER

    @property
    def ground_says(self) -> bool:
        """Occupied, by footprints; by raw masks when there are none."""
        if self.claim is None or self.cover is None:
            return self.raw_says
        return self.claim > CLAIM or self.cover > GROUND_COVER


def stalls_on_ground(
    photo: StallPhoto, size: tuple[int, int], calibration: Calibration
) -> list[shapely.Geometry]:
    """The stalls in true metres of the calibration's frame."""
    frame = calibration.frame
    return [polygonal(calibration.ring_to_ground_m(quad, frame)) for quad in photo.quads * size]


def judge_stalls(
    photo: StallPhoto, size: tuple[int, int], cars: Sequence[CarMask], calibration: Calibration | None
) -> list[Stall]:
    """What these cars say of a photo of (width, height) pixels."""
    raw, scores = _raw_shares(photo.quads * size, size, cars)
    plain = [
        Stall(photo.path.stem, i, bool(o), float(r), float(s))
        for i, (o, r, s) in enumerate(zip(photo.occupied, raw, scores, strict=True))
    ]
    if calibration is None:
        return plain
    stalls = stalls_on_ground(photo, size, calibration)
    found = cars_on_ground([car.polygons for car in cars], calibration, calibration.frame)
    claim, cover, hidden = _ground_shares(stalls, [car for car in found if car is not None])
    return [
        Stall(
            s.photo, s.number, s.occupied, s.raw_share, s.score, float(claim[i]), float(cover[i]), float(hidden[i]),
            float(np.hypot(*shapely.get_coordinates(stalls[i].centroid)[0])),
        )
        for i, s in enumerate(plain)
    ]  # fmt: skip


def count_stalls(stalls: Sequence[Stall], *, raw: bool = False) -> Counts:
    """Occupied is positive; a true negative is an empty stall called empty."""
    said = np.array([s.raw_says if raw else s.ground_says for s in stalls], bool)
    true = np.array([s.occupied for s in stalls], bool)
    return Counts(
        int((said & true).sum()),
        int((said & ~true).sum()),
        int((~said & true).sum()),
        int((~said & ~true).sum()),
    )


def _raw_shares(quads_px: Float, size: tuple[int, int], cars: Sequence[CarMask]) -> tuple[Float, Float]:
    """Share of each stall's pixels under any mask, and the best score among the masks that cover a tenth of it."""
    width, height = size
    covered = np.zeros((height, width), np.float32)
    for car in sorted(cars, key=lambda c: c.score):
        cv2.fillPoly(covered, [np.round(ring - 0.5).astype(np.int32) for ring in car.polygons], car.score)
    shares, scores = np.zeros(len(quads_px)), np.zeros(len(quads_px))
    for i, quad in enumerate(quads_px):
        stall = np.zeros((height, width), np.uint8)
        cv2.fillPoly(stall, [np.round(quad - 0.5).astype(np.int32)], 1)
        inside = covered[stall > 0]
        if len(inside):
            shares[i] = np.count_nonzero(inside) / len(inside)
            scores[i] = float(np.percentile(inside, 90))
    return shares, scores


def _ground_shares(
    stalls: Sequence[shapely.Geometry], cars: Sequence[CarOnGround]
) -> tuple[Float, Float, Float]:
    """Claim, cover and hidden share of each stall, (N,) each."""
    areas = np.array([max(stall.area, 1e-6) for stall in stalls])
    claim, cover, hidden = np.zeros(len(stalls)), np.zeros(len(stalls)), np.zeros(len(stalls))
    if not cars:
        return claim, cover, hidden
    feet = [car.footprint_m for car in cars]
    shadows = [car.silhouette_m for car in cars]
    tree, shadow_tree = shapely.STRtree(feet), shapely.STRtree(shadows)
    common = np.zeros((len(cars), len(stalls)))
    for j, stall in enumerate(stalls):
        near = tree.query(stall)
        for i in near:
            common[i, j] = feet[i].intersection(stall).area
        ground = union(feet[i] for i in near)
        shadow = union(shadows[i] for i in shadow_tree.query(stall))
        cover[j] = ground.intersection(stall).area / areas[j]
        hidden[j] = shadow.difference(ground).intersection(stall).area / areas[j]
    share = common / np.minimum(np.array([max(f.area, 1e-6) for f in feet])[:, None], areas[None])
    for i, j in enumerate(share.argmax(axis=1)):
        claim[j] = max(claim[j], share[i, j])
    return claim, cover, hidden

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The exact truth behind a frame: whose pixels, which ground is taken, which free, and what a camera can never see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from apps.demo.background import SAMPLES
from apps.demo.camera import DemoCamera
from apps.demo.cars import CarPlace
from apps.demo.layout import ORIGIN_LONLAT, Layout, to_world
from apps.demo.renderer import Frame
from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.mercator import LocalFrame, lonlat_to_3857

BLIND_CELL_M = 0.2
BLIND_HEIGHT_M = 0.4
"""Lower things (kerb stones) hide no ground worth speaking of."""

BLIND_LEAST_M2 = 0.4
BLIND_WINDOW_ST = (-70.0, 70.0, -16.0, 36.0)
"""Street-frame window in which blind ground is worked out: s0, s1, t0, t1."""

Ring = NDArray[np.float64]


@dataclass(frozen=True)
class CarTruth:
    """One car in one frame. `polygons_px`: its visible pixels' outlines, exterior rings (N, 2), biggest first."""

    id: int
    parked: bool
    body: int
    footprint_m: Ring
    polygons_px: tuple[Ring, ...]
    visible_px: int
    visible_share: float
    """Visible samples ÷ samples it would show alone; 0 when out of the image."""


@dataclass(frozen=True)
class FrameTruth:
    """All cars of a frame and each zone's free ground (world frame, true metres)."""

    camera: str
    t_s: float
    cars: tuple[CarTruth, ...]
    free_m: dict[str, shapely.Geometry]
    """Zone slug → zone minus every car's footprint, moving ones too."""


def street_frame() -> LocalFrame:
    """The world frame of the street in EPSG:3857."""
    x, y = lonlat_to_3857(np.array([ORIGIN_LONLAT]))[0]
    return LocalFrame((float(x), float(y)))


def calibration_of(camera: DemoCamera) -> Calibration:
    """The camera's exact calibration."""
    ground = street_frame().to_3857(np.array([[camera.x, camera.y]]))[0]
    return calibration_from_pose(
        (camera.width, camera.image_height),
        ground_3857=(float(ground[0]), float(ground[1])),
        height_m=camera.height_m,
        focal_px=camera.focal_px,
        yaw_deg=camera.yaw_deg,
        pitch_deg=camera.pitch_deg,
        roll_deg=camera.roll_deg,
        k=camera.k,
        name=camera.name,
    )


def frame_truth(
    layout: Layout, camera: DemoCamera, t_s: float, cars: list[CarPlace], frame: Frame
) -> FrameTruth:
    """The truth of a rendered frame; `cars` in the order they were rendered."""
    outlines = mask_polygons(frame.instance, len(cars))
    counted = np.bincount(frame.instance[frame.instance >= 0], minlength=len(cars))
    rows = tuple(
        CarTruth(
            car.id, car.parked, car.look.body, car.footprint(), outlines[k], int(counted[k]),
            float(frame.visible_samples[k]) / max(1, int(frame.silhouette_samples[k])),
        )
        for k, car in enumerate(cars)
    )  # fmt: skip
    return FrameTruth(camera.name, t_s, rows, free_ground(layout, cars))


def free_ground(layout: Layout, cars: list[CarPlace]) -> dict[str, shapely.Geometry]:
    """Zone slug → the zone's ground that no car stands on (world frame, true metres)."""
    taken = shapely.union_all([Polygon(c.footprint()) for c in cars])
    return {zone.slug: zone.polygon.difference(taken) for zone in layout.zones}


def mask_polygons(instance: NDArray[np.int32], count: int) -> list[tuple[Ring, ...]]:
    """Outlines of every index in an instance image: per index its pieces' exterior rings (N, 2) px, biggest first."""
    rows, columns = np.nonzero(instance >= 0)
    owner = instance[rows, columns]
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(count + 1))
    result: list[tuple[Ring, ...]] = []
    for k in range(count):
        mine = order[bounds[k] : bounds[k + 1]]
        if len(mine) == 0:
            result.append(())
            continue
        y0, x0 = rows[mine].min(), columns[mine].min()
        patch = np.zeros((rows[mine].max() - y0 + 1, columns[mine].max() - x0 + 1), np.uint8)
        patch[rows[mine] - y0, columns[mine] - x0] = 1
        result.append(_outlines(patch, np.array([x0, y0], np.float64)))
    return result


def _outlines(patch: NDArray[np.uint8], offset: NDArray[np.float64]) -> tuple[Ring, ...]:
    """Exterior rings of a small mask, in the image's continuous coordinates."""
    # Contours run through cell centres; on a mask blown up by 4 that is an eighth of a pixel inside the true edge.
    big = cv2.resize(patch, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(big, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rings = []
    for contour in contours:
        simple = cv2.approxPolyDP(contour, 2.0, True)[:, 0, :]
        if len(simple) >= 3:
            rings.append((simple + 0.5) / 4 + offset)
    return tuple(sorted(rings, key=lambda r: -cv2.contourArea(r.astype(np.float32))))


def blind_ground(camera: DemoCamera, inverse_depth: NDArray[np.float32]) -> MultiPolygon:
    """Ground inside the camera's image that a house, tree, wall or post hides (world frame, true metres).

    inverse_depth: 1/depth of the empty street per sample, as `background.static_depth` gives it.
    """
    s0, s1, t0, t1 = BLIND_WINDOW_ST
    s = np.arange(s0 + BLIND_CELL_M / 2, s1, BLIND_CELL_M)
    t = np.arange(t0 + BLIND_CELL_M / 2, t1, BLIND_CELL_M)
    grid = np.stack(np.meshgrid(s, t), axis=-1).reshape(-1, 2)
    hidden = ground_hidden(camera, inverse_depth, to_world(grid)).reshape(len(t), len(s)).astype(np.uint8)
    hidden = cv2.morphologyEx(hidden, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, tree = cv2.findContours(hidden, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    pieces, holes = [], []
    for k, contour in enumerate(contours):
        if len(contour) < 4:
            continue
        ring = (contour[:, 0, :] + 0.5) * BLIND_CELL_M + (s0, t0)
        is_hole = tree[0, k, 3] >= 0
        # Contours run through the hidden cells' centres: half a cell inside their edge.
        area = shapely.make_valid(Polygon(ring)).buffer(-BLIND_CELL_M / 2 if is_hole else BLIND_CELL_M / 2)
        if area.area >= BLIND_LEAST_M2:
            (holes if is_hole else pieces).append(area.simplify(0.06))
    merged = shapely.transform(shapely.union_all(pieces).difference(shapely.union_all(holes)), to_world)
    parts = [g for g in shapely.get_parts(merged) if g.geom_type == "Polygon" and g.area >= BLIND_LEAST_M2]
    return MultiPolygon(parts)


def ground_hidden(
    camera: DemoCamera, inverse_depth: NDArray[np.float32], xy: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether fixed things stand between the camera and ground points (N, 2); False outside the image."""
    px, inverse = camera.project(np.column_stack([xy, np.zeros(len(xy))]))
    cell = np.floor(px * SAMPLES).astype(int)
    height, width = inverse_depth.shape
    inside = (inverse > 0) & (cell >= 0).all(axis=1) & (cell[:, 0] < width) & (cell[:, 1] < height)
    hidden = np.zeros(len(xy), bool)
    nearest = inverse_depth[cell[inside, 1], cell[inside, 0]]
    # On the ray to a ground point, depth shrinks with the height of what is met.
    met_height = camera.height_m * (1.0 - inverse[inside] / nearest)
    hidden[inside] = met_height > BLIND_HEIGHT_M
    return hidden


def truth_json(truth: FrameTruth, camera: DemoCamera) -> dict[str, Any]:
    """A JSON-ready mapping: pixels as they are, ground in true metres around `origin_lonlat`."""
    return {
        "camera": truth.camera,
        "t_s": truth.t_s,
        "origin_lonlat": list(ORIGIN_LONLAT),
        "calibration": calibration_of(camera).to_json(),
        "cars": [
            {
                "id": c.id,
                "parked": c.parked,
                "visible_px": c.visible_px,
                "visible_share": round(c.visible_share, 4),
                "footprint_m": c.footprint_m.round(3).tolist(),
                "polygons_px": [r.round(2).tolist() for r in c.polygons_px],
            }
            for c in truth.cars
        ],
        "free_m": {slug: shapely.geometry.mapping(g) for slug, g in truth.free_m.items()},
    }

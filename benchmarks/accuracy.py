# SPDX-License-Identifier: AGPL-3.0-or-later
"""How right the answers are on the simulated street, whose truth is exact: cars, footprints, free spaces.

Every moment is seen by both of the demo's cameras, fused, laid out and held against the truth (matching rules of
DESIGN §4), once with the masks of the shipped model and once with perfect masks, so that what the model costs and
what the geometry costs stand side by side.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from apps.demo.background import static_depth
from apps.demo.demo_truth import score_street
from apps.demo.layout import build_layout
from apps.demo.player import light_of
from apps.demo.renderer import StreetRenderer
from apps.demo.scoring import NOTHING, Score, matches
from apps.demo.timeline import Street
from apps.demo.truth import CarTruth, blind_ground, calibration_of, frame_truth, street_frame
from apps.demo.views import MAX_RANGE_M, demo_cameras
from benchmarks.steadiness import pipeline_zone
from camera_registry.footprint import CarOnGround, car_on_ground, cars_on_ground
from camera_registry.mercator import LocalFrame
from camera_registry.overlay import union
from workers.occupancy import ZoneObservation
from workers.pipeline import CameraView, lay_out, observe_frame
from workers.segmentation import DEFAULT_THRESHOLD, DOUBT_THRESHOLD, CarMask, load_segmenter

Rows = list[dict[str, Any]]

#: Cars less visible than this are nobody's fault.
LEAST_VISIBLE_SHARE, LEAST_VISIBLE_PX = 0.25, 150
#: Footprints are judged where both outlines are whole: cars that are nearly all visible.
WHOLE_SHARE = 0.9
DISTANCE_BINS_M = ((0, 30), (30, 50), (50, 90))
SEED = 2026
DAY_S = 86_400.0


def _moments(quick: bool) -> list[float]:
    """Seconds since midnight; full: every half hour from morning to night on two days."""
    if quick:
        return [h * 3600.0 for h in (9.0, 13.0, 17.0, 20.5)]
    return [day * DAY_S + h * 3600.0 for day in (0, 1) for h in np.arange(8.0, 22.0, 0.5)]


def _outline(polygons_px: Sequence[np.ndarray]) -> shapely.Geometry:
    return union(Polygon(ring) for ring in polygons_px if len(ring) > 2)


class _Tally:
    """What one kind of masks scored."""

    def __init__(self) -> None:
        self.found = self.true = self.good = 0
        self.ious: list[float] = []
        self.footprints: dict[tuple[int, int], list[tuple[float, ...]]] = defaultdict(list)
        self.spaces: dict[str, Score] = defaultdict(lambda: NOTHING)
        self.segment_ms: list[float] = []
        self.rest_ms: list[float] = []

    def cars(
        self, masks: Sequence[CarMask], truth: Sequence[CarTruth], view: CameraView, frame: LocalFrame
    ) -> None:
        """Count matches of masks with visible cars, and hold the footprints of whole cars against the truth."""
        outlines = [_outline(mask.polygons) for mask in masks]
        seen = [
            car
            for car in truth
            if car.visible_px >= LEAST_VISIBLE_PX and car.visible_share >= LEAST_VISIBLE_SHARE
        ]
        hidden = [_outline(car.polygons_px) for car in truth if car not in seen and car.polygons_px]
        pairs = matches(outlines, [_outline(car.polygons_px) for car in seen])
        unpaired = [o for i, o in enumerate(outlines) if i not in {p[0] for p in pairs}]
        # A mask on a car that is too hidden to be asked for is not a mistake.
        excused = len(matches(unpaired, hidden, least=0.3))
        self.found += len(outlines) - excused
        self.true += len(seen)
        self.good += len(pairs)
        self.ious += [iou for _, _, iou in pairs]
        ground = cars_on_ground([mask.polygons for mask in masks], view.calibration, frame)
        for i, j, _ in pairs:
            if seen[j].visible_share >= WHOLE_SHARE:
                self._footprint(ground[i], masks[i], Polygon(seen[j].footprint_m), view, frame)

    def _footprint(
        self, car: CarOnGround | None, mask: CarMask, truth: Polygon, view: CameraView, frame: LocalFrame
    ) -> None:
        cut = car_on_ground(mask.polygons, view.calibration, frame)
        if car is None or cut is None or view.calibration.pose is None:
            return
        nadir = frame.to_metres(np.array([view.calibration.pose.ground_3857]))[0]
        distance = float(np.hypot(*(np.array(truth.centroid.coords[0]) - nadir)))
        for low, high in DISTANCE_BINS_M:
            if low <= distance < high:
                shapes = (car.silhouette_m, cut.footprint_m, car.footprint_m)
                self.footprints[low, high].append(
                    (
                        *(g.intersection(truth).area / g.union(truth).area for g in shapes),
                        *(g.area / truth.area - 1 for g in shapes),
                    )
                )


def run(quick: bool) -> dict[str, Rows]:
    """Tables: cars, footprints over distance, spaces by light and zone, time per frame."""
    layout, frame = build_layout(0), street_frame()
    renderer, street = StreetRenderer(layout), Street(layout, SEED)
    zones = [pipeline_zone(zone, frame) for zone in layout.zones]
    segmenter = load_segmenter(os.environ.get("SPARK_WEIGHTS") or None, DOUBT_THRESHOLD)
    tallies = {"model": _Tally(), "perfect masks": _Tally()}
    cameras = demo_cameras()
    views: dict[str, CameraView] = {}
    for t_s in _moments(quick):
        light = light_of(SEED, t_s)
        cars = street.state_at(t_s)
        observations: dict[str, dict[str, list[ZoneObservation]]] = {
            kind: defaultdict(list) for kind in tallies
        }
        for camera in cameras:
            if camera.name not in views:
                blind = blind_ground(camera, static_depth(renderer.scenery, camera)[0])
                views[camera.name] = CameraView(
                    calibration_of(camera), MAX_RANGE_M, frame.geometry_to_3857(blind)
                )
            view = views[camera.name]
            picture = renderer.render(camera, light, cars, noise_seed=int(t_s))
            truth = frame_truth(layout, camera, t_s, cars, picture).cars
            began = time.perf_counter()
            (found,) = segmenter.segment([picture.image])
            tallies["model"].segment_ms.append((time.perf_counter() - began) * 1e3)
            perfect = [CarMask(1.0, car.polygons_px) for car in truth if car.polygons_px]
            for kind, masks in (("model", found), ("perfect masks", perfect)):
                certain = [mask for mask in masks if mask.score >= DEFAULT_THRESHOLD]
                tallies[kind].cars(certain, truth, view, frame)
                began = time.perf_counter()
                for zone in observe_frame(masks, view, zones, DEFAULT_THRESHOLD).zones:
                    observations[kind][zone.zone_slug].append(zone)
                tallies[kind].rest_ms.append((time.perf_counter() - began) * 1e3)
        for kind, tally in tallies.items():
            spaces = {
                zone.slug: [
                    frame.geometry_to_metres(space.polygon_3857)
                    for space in lay_out(zone, observations[kind][zone.slug]).spaces
                ]
                for zone in zones
                if observations[kind][zone.slug]
            }
            for slug, score in score_street(street, t_s, spaces, layout).items():
                tally.spaces[slug] += score
                tally.spaces["day" if light.has_sun else "no sun"] += score
                tally.spaces["all"] += score
    return _tables(tallies)


def _tables(tallies: dict[str, _Tally]) -> dict[str, Rows]:
    cars: Rows = [
        {
            "masks": kind,
            "cars": tally.true,
            "precision": tally.good / max(1, tally.found),
            "recall": tally.good / max(1, tally.true),
            "mean_iou": float(np.mean(tally.ious)) if tally.ious else None,
        }
        for kind, tally in tallies.items()
    ]
    footprints: Rows = [
        {
            "masks": kind,
            "distance_m": f"{low}-{high}",
            "cars": len(rows),
            **{
                name: float(np.mean([r[i] for r in rows]))
                for i, name in enumerate(
                    (
                        "iou_silhouette",
                        "iou_intersection",
                        "iou_footprint",
                        "bias_silhouette",
                        "bias_intersection",
                        "bias_footprint",
                    )
                )
            },
        }
        for kind, tally in tallies.items()
        for (low, high), rows in sorted(tally.footprints.items())
    ]
    spaces: Rows = [
        {
            "masks": kind,
            "where": where,
            "true": score.true_positives + score.false_negatives,
            "found": score.true_positives + score.false_positives,
            "precision": score.precision,
            "recall": score.recall,
            "accuracy": score.accuracy,
            "accuracy_without_tn": score.accuracy_without_tn,
            "mean_under_a_car": score.mean_false_free,
            "worst_under_a_car": score.worst_false_free,
        }
        for kind, tally in tallies.items()
        for where, score in sorted(tally.spaces.items())
    ]
    times: Rows = [
        {
            "stage": stage,
            "median_ms": float(np.median(values)),
            "p95_ms": float(np.percentile(values, 95)),
        }
        for stage, values in (
            ("segment", tallies["model"].segment_ms[1:]),
            ("ground", tallies["model"].rest_ms[1:]),
        )
        if values
    ]
    return {"cars": cars, "footprints": footprints, "spaces": spaces, "time per frame": times}

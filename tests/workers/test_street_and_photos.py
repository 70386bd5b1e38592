# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole method with the shipped model, held against truth: the simulated street, and photos of a real camera."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely

from apps.demo.background import static_depth
from apps.demo.demo_truth import score_street
from apps.demo.layout import build_layout
from apps.demo.light import light_at
from apps.demo.renderer import StreetRenderer
from apps.demo.scoring import NOTHING
from apps.demo.timeline import Street
from apps.demo.truth import blind_ground, calibration_of, street_frame
from apps.demo.views import MAX_RANGE_M, demo_cameras
from camera_registry.calibrate import main as calibrate
from camera_registry.calibration import Calibration
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from workers.occupancy import Zone
from workers.pipeline import CameraView, analyse_frame, lay_out, observe_frame
from workers.segmentation import load_segmenter
from workers.zone_files import read_zones

KURSS = Path(__file__).resolve().parent.parent / "data" / "kurss"
AFTERNOON_S = 13 * 3600.0


@pytest.fixture(scope="module")
def segmenter():
    return load_segmenter()


def test_the_street_is_told_as_it_is(segmenter):
    layout, frame = build_layout(0), street_frame()
    renderer, street = StreetRenderer(layout), Street(layout, 2026)
    zones = [
        Zone(
            zone.slug,
            frame.geometry_to_3857(zone.polygon),
            zone.mode,
            *zone.slot_m,
            kerb_3857=frame.geometry_to_3857(zone.kerb),
        )
        for zone in layout.zones
        if zone.access == "public"
    ]
    observations = defaultdict(list)
    for camera in demo_cameras():
        blind = blind_ground(camera, static_depth(renderer.scenery, camera)[0])
        view = CameraView(calibration_of(camera), MAX_RANGE_M, frame.geometry_to_3857(blind))
        picture = renderer.render(camera, light_at(13.0), street.state_at(AFTERNOON_S)).image
        (masks,) = segmenter.segment([picture])
        for seen in observe_frame(masks, view, zones).zones:
            observations[seen.zone_slug].append(seen)
    found = {
        zone.slug: [
            frame.geometry_to_metres(space.polygon_3857)
            for space in lay_out(zone, observations[zone.slug]).spaces
        ]
        for zone in zones
    }
    score = sum(score_street(street, AFTERNOON_S, found, layout).values(), NOTHING)
    assert score.true_positives >= 8, "a street with free spaces must have them offered"
    assert score.precision >= 0.85
    assert score.worst_false_free < 0.1, "a free space on a car sends a driver round the block"


@pytest.fixture(scope="module")
def photographs(spark_shared):
    folder = spark_shared / "data" / "kurss"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: the photos of the real camera are not part of the repository")
    return folder


def test_a_real_camera_offers_the_empty_stall_and_no_car(segmenter, photographs, tmp_path):
    (photo,) = sorted(photographs.glob("*/images/parking_lot_1_mp4-114_jpg*"))[:1]
    output = tmp_path / "cal.json"
    assert calibrate([str(KURSS / "points.csv"), "-o", str(output), "--image-size", "854x480"]) == 0
    calibration = Calibration.from_json(json.loads(output.read_text()))
    zones = read_zones(KURSS / "zones.geojson")
    analysis = analyse_frame(cv2.imread(str(photo)), segmenter, CameraView(calibration, 60.0), zones)
    assert len(analysis.masks) > 20
    spaces = {layout.zone_slug: [s.polygon_3857 for s in layout.spaces] for layout in analysis.layouts}
    origin = lonlat_to_3857([(35.5, 38.72)])[0]
    frame = LocalFrame((float(origin[0]), float(origin[1])))
    # Stall 5 of the middle row, between the lines near-5 and near-6, is empty in this photo; stall 1 is taken.
    empty, taken = (
        frame.geometry_to_3857(shapely.box(i * 2.74 + 0.3, 0.5, (i + 1) * 2.74 - 0.3, 5.0)) for i in (5, 1)
    )
    offered = shapely.union_all(spaces["middle-front"])
    assert (offered & empty).area > 0.8 * empty.area
    assert (offered & taken).area < 0.1 * taken.area
    assert 2 <= len(spaces["grass-row"]) <= 5
    width, height = calibration.image_size
    corners = calibration.xy_3857_to_px(shapely.get_coordinates(offered))
    assert np.all((corners > -5) & (corners < (width + 5, height + 5)))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole method on one image, from masks to spaces, against known cars."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import shapely

from apps.parking.vehicles import parse_classes
from camera_registry.mercator import xy_3857_to_lonlat
from tests.workers.scenes import CALIBRATION, FRAME, TruthSegmenter, car, image, zone
from workers.occupancy import ZoneObservation
from workers.pipeline import CameraView, analyse_frame, lay_out
from workers.pipeline_cli import main
from workers.zone_files import read_zones

CAMERA = CameraView(CALIBRATION)


def analyse(cars, a_zone=None, camera=CAMERA, seed=0):
    return analyse_frame(image(), TruthSegmenter(cars), camera, [a_zone or zone()], seed=seed)


def spaces_m(layout):
    return [FRAME.geometry_to_metres(space.polygon_3857) for space in layout.spaces]


def test_an_empty_strip_of_40_m_holds_seven():
    (layout,) = analyse([]).layouts
    assert len(layout.spaces) == 7
    assert layout.unknown_m2 == pytest.approx(0, abs=0.05)


def test_spaces_are_true_metres_inside_the_zone_off_cars_and_apart():
    cars = [car(-15), car(-9.5, turn_deg=4), car(3, 41.1), car(14, turn_deg=-3)]
    (layout,) = analyse(cars).layouts
    found = spaces_m(layout)
    zone_m = FRAME.geometry_to_metres(zone().polygon_3857)
    assert len(found) == 2
    for space in found:
        assert space.area == pytest.approx(5.0 * 2.3, rel=1e-3)
        assert (space - zone_m).area < 1e-3
        assert max((space & other).area for other in cars) < 0.01
    for i, space in enumerate(found):
        assert all(space.distance(other) > 0.45 for other in found[:i]), "the spacing along the kerb"


def test_bearing_is_that_of_the_kerb():
    (layout,) = analyse([]).layouts
    assert {round(space.bearing_deg) % 180 for space in layout.spaces} == {90}


def test_a_full_strip_has_no_space():
    (layout,) = analyse([car(x) for x in np.arange(-17.5, 18, 5)]).layouts
    assert layout.spaces == ()
    assert layout.occupied_m2 > 60


def test_unseen_ground_is_never_offered():
    blind = FRAME.geometry_to_3857(shapely.box(-20, 30, 0, 50))
    (layout,) = analyse([], camera=CameraView(CALIBRATION, blind_3857=blind)).layouts
    assert layout.unknown_m2 == pytest.approx(48, abs=0.2)
    assert len(layout.spaces) == 3
    assert all(shapely.get_coordinates(space)[:, 0].min() >= -1e-3 for space in spaces_m(layout))


def test_a_zone_beyond_the_range_is_not_answered():
    assert analyse([], camera=CameraView(CALIBRATION, max_range_m=30)).layouts == ()


def look_in_doubt(sure, unsure, certain=0.45):
    segmenter = TruthSegmenter(sure, doubtful=tuple(unsure))
    return analyse_frame(image(), segmenter, CAMERA, [zone()], certain=certain)


def test_below_what_may_be_a_car_the_ground_is_unknown():
    looked = look_in_doubt([car(-15)], [car(3)])
    (layout,) = looked.layouts
    footprint = looked.observation.doubtful[0].footprint_m
    assert len(looked.observation.cars) == 1
    assert layout.unknown_m2 == pytest.approx(footprint.area, rel=0.02)
    assert layout.occupied_m2 == pytest.approx(looked.observation.cars[0].footprint_m.area, rel=0.02)
    assert len(layout.spaces) == len(analyse([car(-15), car(3)]).layouts[0].spaces)
    assert max((space & footprint).area for space in spaces_m(layout)) < 0.01
    (believed,) = look_in_doubt([car(-15)], [car(3)], certain=0.0).layouts
    assert believed.unknown_m2 == pytest.approx(0, abs=0.05)


def test_a_doubt_over_a_sure_car_changes_nothing():
    (plain,) = analyse([car(3)]).layouts
    (doubted,) = look_in_doubt([car(3)], [car(3)]).layouts
    assert (doubted.occupied_m2, doubted.unknown_m2) == (plain.occupied_m2, plain.unknown_m2)
    assert len(doubted.spaces) == len(plain.spaces)


def test_another_camera_resolves_a_doubt():
    doubting = look_in_doubt([], [car(3)]).observation.zones[0]
    clear, sure = (analyse(cars).observation.zones[0] for cars in ([], [car(3)]))
    assert len(lay_out(zone(), [doubting, clear]).spaces) == 7
    assert len(lay_out(zone(), [doubting, sure]).spaces) == len(lay_out(zone(), [sure]).spaces)


def test_a_mostly_hidden_space_is_withheld():
    # Vans parked in front throw their picture over the strip: what lies behind is a softer case than free.
    truck = car(0.0, y=37.5, length=12.0, width=2.5)
    analysis = analyse([truck])
    (layout,) = analysis.layouts
    assert layout.hidden_m2 >= 0
    assert all(space.hidden_share <= 0.4 for space in layout.spaces)
    assert all(space.confidence == pytest.approx(0.94 * (1 - space.hidden_share)) for space in layout.spaces)


def test_hidden_ground_moves_a_space_before_it_costs_one():
    # Evenly placed, the only space would hide 47 % of itself; further east it hides next to nothing.
    def ground(x0, x1):
        return FRAME.geometry_to_3857(shapely.box(x0, 40, x1, 42.4))

    here = zone(x0=0, x1=9.5)
    seen = ZoneObservation("strip", ground(0, 9.5), shapely.Polygon(), ground(0, 4.6))
    (space,) = lay_out(here, [seen]).spaces
    assert space.hidden_share <= 0.4
    assert space.confidence == pytest.approx(0.94 * (1 - space.hidden_share))


def test_each_class_has_a_layout_and_rooms_are_measured():
    vehicles = parse_classes(("3.6x1.7", "8.0x2.0"))
    layout = analyse_frame(
        image(), TruthSegmenter([car(-12), car(1.5)]), CAMERA, [zone()], vehicles=vehicles
    ).layouts[0]
    small, van = layout.classes
    assert (small.vehicle, van.vehicle) == vehicles
    assert len(small.spaces) > len(layout.spaces) > len(van.spaces) >= 2
    assert {(space.length_m, space.width_m) for space in van.spaces} == {(8.0, 2.3)}
    for space in (*layout.spaces, *small.spaces, *van.spaces):
        assert space.room_length_m >= space.length_m - 1e-6
        assert space.room_width_m >= space.width_m - 1e-6


def test_mixed_sizes_fill_what_the_own_slot_leaves():
    cars = [car(-12.0), car(-3.0)]  # 4.6 m between them: too short for 5 m, room for 3.6
    vehicles = parse_classes(("3.6x1.7",))
    plain, mixed = (
        analyse_frame(
            image(), TruthSegmenter(cars), CAMERA, [zone(mixed_sizes=wanted)], vehicles=vehicles
        ).layouts[0]
        for wanted in (False, True)
    )
    lengths = [space.length_m for space in mixed.spaces]
    assert lengths.count(5.0) >= len(plain.spaces)
    assert lengths.count(3.6) >= 1
    found = spaces_m(mixed)
    assert max((a & b).area for i, a in enumerate(found) for b in found[:i]) < 1e-3


def test_only_what_a_car_can_drive_into_is_offered():
    """Two rows deep and walled in on all sides but one: the back row has no way out."""
    deep = {"y0": 34.0, "y1": 45.0, "mode": "perpendicular", "slot_width_m": 2.5, "spacing_m": 0.0}
    road = FRAME.geometry_to_3857(shapely.MultiLineString([[(-20, 34.3), (20, 33.8)]]))
    open_all_round = lay_out(zone(**deep), analyse([], zone(**deep)).observation.zones)
    walled = zone(**deep, access_3857=road)
    one_side = lay_out(walled, analyse([], walled).observation.zones)
    assert 10 <= len(one_side.spaces) <= 16 < 40
    assert len(open_all_round.spaces) >= len(one_side.spaces)


def test_the_same_seed_gives_the_same_spaces():
    cars = [car(-12), car(1.5)]
    one, two = (analyse(cars, seed=7).layouts[0] for _ in range(2))
    assert one.spaces == two.spaces


def test_spaces_stay_where_they_are_when_nothing_is_won_by_moving():
    cars = [car(-12), car(1.5)]
    first = analyse(cars)
    standing = [space.polygon_3857 for space in first.layouts[0].spaces]
    moved = analyse([car(-12.0), car(1.5), car(18.0, length=3.8)])
    again = lay_out(zone(), moved.observation.zones, standing_3857={"": standing}, seed=99)
    kept = [space for space in again.spaces if space.polygon_3857 in standing]
    alone = lay_out(zone(), moved.observation.zones, seed=99)
    assert len(again.spaces) >= len(alone.spaces)
    assert len(kept) >= len(standing) - 1


def test_a_space_knows_which_frames_it_rests_on():
    everywhere = shapely.box(-500, -500, 500, 500)
    views = [shapely.box(-500, -500, 0, 500), everywhere, everywhere]
    empty = shapely.Polygon()
    observations = [
        ZoneObservation("strip", FRAME.geometry_to_3857(view & shapely.box(-20, 40, 20, 42.4)), empty, empty)
        for view in views
    ]
    spaces = lay_out(zone(), observations).spaces
    west = {space.rests_on for space in spaces if FRAME.geometry_to_metres(space.polygon_3857).bounds[2] < 0}
    east = {space.rests_on for space in spaces if FRAME.geometry_to_metres(space.polygon_3857).bounds[0] > 0}
    assert west == {(0,)}, "the newest frame saw all of it"
    assert east == {(1,)}, "the newest frame did not see it, the next one did"


def test_a_wrong_size_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match=r"640 × 480 pixels .* 1920 × 1080"):
        analyse_frame(np.zeros((480, 640, 3), np.uint8), TruthSegmenter([]), CAMERA, [])


def write_inputs(folder, ring_m):
    lonlat = xy_3857_to_lonlat(FRAME.to_3857(ring_m)).tolist()
    zones = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "strip",
                "properties": {"mode": "parallel"},
                "geometry": {"type": "Polygon", "coordinates": [lonlat]},
            }
        ],
    }
    (folder / "cal.json").write_text(json.dumps(CALIBRATION.to_json()))
    (folder / "zones.geojson").write_text(json.dumps(zones))
    cv2.imwrite(str(folder / "frame.jpg"), image())
    return [
        str(folder / "frame.jpg"), "--calibration", str(folder / "cal.json"), "--zones", str(folder / "zones.geojson"),
        "-o", str(folder / "out.geojson"),
    ]  # fmt: skip


STRIP = [(-20, 40), (20, 40), (20, 42.4), (-20, 42.4), (-20, 40)]


def test_command_line_on_an_empty_street(tmp_path, monkeypatch):
    monkeypatch.setattr("workers.pipeline_cli.load_segmenter", lambda **_: TruthSegmenter([car(0)]))
    assert main([*write_inputs(tmp_path, STRIP), "--draw", str(tmp_path / "drawn.png")]) == 0
    answer = json.loads((tmp_path / "out.geojson").read_text())
    assert answer["zones"][0]["free_count"] == len(answer["features"]) >= 4
    ring = answer["features"][0]["geometry"]["coordinates"][0]
    assert 35.4 < ring[0][0] < 35.6 and 38.6 < ring[0][1] < 38.8, "longitude first"
    assert shapely.LinearRing(ring).is_ccw
    drawn = cv2.imread(str(tmp_path / "drawn.png"))
    assert drawn.std() > 1


def test_command_line_lays_out_for_a_vehicle_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("workers.pipeline_cli.load_segmenter", lambda **_: TruthSegmenter([]))
    drawn = tmp_path / "drawn.png"
    assert main([*write_inputs(tmp_path, STRIP), "--vehicle", "7.4x2.0", "--draw", str(drawn)]) == 0
    answer = json.loads((tmp_path / "out.geojson").read_text())
    vans = [f for f in answer["features"] if f["properties"]["vehicle_length_m"] == 7.4]
    own = [f for f in answer["features"] if f["properties"]["vehicle_length_m"] is None]
    assert answer["zones"][0]["free_for"] == {"7.4x2": len(vans)}
    assert answer["zones"][0]["free_count"] == len(own) > len(vans) >= 4
    assert {f["properties"]["length_m"] for f in vans} == {7.4}
    assert {f["properties"]["width_m"] for f in vans} == {2.3}, "with room for the doors"
    assert vans[0]["id"] == "strip/7.4x2/1"
    assert len({f["id"] for f in answer["features"]}) == len(answer["features"])
    assert "for 7.4x2" in capsys.readouterr().out
    assert drawn.stat().st_size > 1000


def test_command_line_refuses_a_vehicle_that_makes_no_sense(tmp_path, capsys):
    assert main([*write_inputs(tmp_path, STRIP), "--vehicle", "740x200"]) == 2
    assert "length must lie within 2 and 20 m" in capsys.readouterr().err


def test_zone_files_know_access_edges(tmp_path):
    road = [[35.490, 38.730], [35.491, 38.730]]
    ring = [*road, [35.491, 38.7301], [35.490, 38.7301], road[0]]
    spellings = [
        [road],
        {"type": "MultiLineString", "coordinates": [road]},
        {"type": "LineString", "coordinates": road},
    ]
    features = [
        {
            "type": "Feature",
            "id": str(number),
            "properties": {"access_edges": edges, "mixed_sizes": True},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for number, edges in enumerate(spellings)
    ]  # fmt: skip
    path = tmp_path / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    zones = read_zones(path)
    assert {zone.access_3857 for zone in zones} == {zones[0].access_3857}
    assert zones[0].access_3857.geom_type == "MultiLineString"
    assert all(zone.mixed_sizes for zone in zones)


def test_command_line_says_where_a_zone_crosses_itself(tmp_path, capsys):
    bow_tie = [(-20, 40), (20, 42.4), (20, 40), (-20, 42.4), (-20, 40)]
    assert main(write_inputs(tmp_path, bow_tie)) == 2
    error = capsys.readouterr().err
    assert "zone strip" in error and "Self-intersection[35.4" in error
    assert not (tmp_path / "out.geojson").exists()


def test_command_line_says_unknown_for_a_zone_out_of_view(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("workers.pipeline_cli.load_segmenter", lambda **_: TruthSegmenter([]))
    behind = [(-20, -40), (20, -40), (20, -37.6), (-20, -37.6), (-20, -40)]
    assert main(write_inputs(tmp_path, behind)) == 0
    (only,) = json.loads((tmp_path / "out.geojson").read_text())["zones"]
    assert only == {"slug": "strip", "status": "unknown", "free_count": None}
    assert "unknown" in capsys.readouterr().out

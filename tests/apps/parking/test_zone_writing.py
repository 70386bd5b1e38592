# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cutting and joining zones: whose ground, kerb, access edges, name and history; and nothing is free afterwards."""

from __future__ import annotations

import pytest
import shapely
from django.db import IntegrityError
from django.utils import timezone

from apps.parking import selectors, services
from apps.parking.models import ParkingSpace, ParkingZone
from apps.parking.shapes import to_shapely
from apps.parking.zone_cutting import CutRefused, merged, parts_of, touches
from apps.parking.zone_writing import fingerprint
from tests.apps.street import FRAME, box, make_zone, publish, space, zone_spec

KERB = FRAME.geometry_to_3857(shapely.LineString([(0, 2.5), (60, 2.5)]))
ROAD = FRAME.geometry_to_3857(shapely.MultiLineString([[(0, 0), (60, 0)]]))


def line(*corners_m) -> shapely.LineString:
    return FRAME.geometry_to_3857(shapely.LineString(corners_m))


def bounds(geometry) -> tuple[float, ...]:
    return tuple(round(value, 2) for value in FRAME.geometry_to_metres(geometry).bounds)


class TestCutting:
    def test_each_part_gets_its_piece_of_kerb_and_access_edge(self):
        spec = zone_spec(kerb_3857=KERB, access_edges_3857=ROAD, hours="Mo-Fr 18:00-08:00")
        long, short = parts_of(spec, line((20, -1), (20, 4)))
        assert bounds(long.geometry_3857) == (20, 0, 60, 2.5)
        assert bounds(short.geometry_3857) == (0, 0, 20, 2.5)
        assert (bounds(long.kerb_3857), bounds(short.kerb_3857)) == ((20, 2.5, 60, 2.5), (0, 2.5, 20, 2.5))
        assert (bounds(long.access_edges_3857), bounds(short.access_edges_3857)) == (
            (20, 0, 60, 0),
            (0, 0, 20, 0),
        )
        assert long.hours == short.hours == spec.hours

    def test_a_kerb_beside_the_zone_is_cut_too_and_the_longest_edge_serves_without_one(self):
        beside = FRAME.geometry_to_3857(shapely.LineString([(0, 4), (60, 4)]))
        parts = parts_of(zone_spec(kerb_3857=beside), line((20, 0), (20, 2.5)))
        assert [bounds(part.kerb_3857) for part in parts] == [(20, 4, 60, 4), (0, 4, 20, 4)]
        square_ends = parts_of(zone_spec(), line((1.8, -1), (1.8, 4)))
        kerb = FRAME.geometry_to_metres(square_ends[1].kerb_3857)
        assert kerb.bounds[3] - kerb.bounds[1] < 0.1  # along the street, not across as its own longest edge

    @pytest.mark.parametrize(
        ("blade", "words"),
        [
            (((20, -1), (20, 1)), "does not cross the zone from one side to another"),
            (((20, 30), (40, 30)), "does not cross"),
            (((0.5, -1), (0.5, 4)), "too small for any car"),
            (((20, -1), (22, 4), (20, 4), (22, -1)), "crosses itself"),
        ],
    )
    def test_cuts_that_make_no_zones_are_refused_with_the_place(self, blade, words):
        with pytest.raises(CutRefused, match=words):
            parts_of(zone_spec(), line(*blade))


class TestJoining:
    def test_zones_side_by_side_become_one_with_all_lines(self):
        one, two, three = [
            *parts_of(zone_spec(kerb_3857=KERB, access_edges_3857=ROAD), line((20, -1), (20, 4))),
            zone_spec("next", geometry_3857=box(60.2, 0, 80, 2.5)),
        ]
        joint = merged(one, [two])
        assert bounds(joint.geometry_3857) == (0, 0, 60, 2.5)
        assert len(joint.geometry_3857.exterior.coords) == 5
        assert bounds(joint.kerb_3857) == (0, 2.5, 60, 2.5)
        assert bounds(joint.access_edges_3857) == (0, 0, 60, 0)
        assert touches(one, three)  # a gap of 20 cm is two people's drawing
        assert bounds(merged(one, [two, three]).geometry_3857) == (0, 0, 80, 2.5)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"geometry_3857": box(65, 0, 80, 2.5)}, "do not touch: 5.0 m lie between them at longitude"),
            ({"geometry_3857": box(60, 2.5, 80, 5)}, "touch in a corner only"),
            ({"geometry_3857": box(60, 0, 80, 2.5), "access": "private"}, "differ in who may park there"),
            ({"geometry_3857": box(60, 0, 80, 2.5), "hours": "off"}, "differ in the hours"),
        ],
    )
    def test_others_are_refused(self, changes, words):
        with pytest.raises(CutRefused, match=words):
            merged(zone_spec(), [zone_spec("other", **changes)])


@pytest.mark.django_db
class TestWritten:
    def test_splitting_keeps_history_with_the_largest_part_and_leaves_nothing_free(self):
        zone = make_zone()
        publish(zone.slug, [space(3), space(30)], timezone.now(), times=2)
        largest, other = services.split_zone(zone.to_spec(), line((20, -1), (20, 4)))
        assert (largest.pk, largest.slug, other.slug, other.name) == (
            zone.pk, "main-street", "main-street-2", "Main Street 2",
        )  # fmt: skip
        assert (largest.snapshots.count(), other.snapshots.count()) == (2, 0)
        assert not ParkingSpace.objects.exists()
        for part in (largest, other):
            assert selectors.zone_state(part, timezone.now()) == "unknown"
            assert part.free_count is None and part.enabled

    def test_a_layout_that_was_under_way_while_the_zone_was_cut_is_not_published(self):
        zone, seen_at = make_zone(), timezone.now()
        services.split_zone(zone.to_spec(), line((20, -1), (20, 4)))
        with pytest.raises(services.LayoutTooOld, match="of the zone as it was before"):
            publish(zone.slug, [space(3)], seen_at)
        assert not ParkingSpace.objects.exists()
        publish(zone.slug, [space(30)], timezone.now())
        assert ParkingSpace.objects.count() == 1

    def test_merging_retires_the_others_with_their_history(self):
        zone, other = make_zone(), make_zone("other", geometry_3857=box(60, 0, 80, 2.5))
        for each in (zone, other):
            publish(each.slug, [space(3)], timezone.now(), times=2)
        joint = services.merge_zones(zone.to_spec(), ["other"])
        other.refresh_from_db()
        assert (joint.pk, joint.snapshots.count()) == (zone.pk, 2)
        assert (other.standing, other.enabled, other.snapshots.count()) == ("retired", False, 2)
        assert other.source == "merged into main-street"
        assert not ParkingSpace.objects.exists()
        assert joint.free_count is None and selectors.zone_state(joint, timezone.now()) == "unknown"

    def test_a_refused_cut_or_join_changes_nothing(self):
        zone, other = make_zone(), make_zone("far", geometry_3857=box(90, 0, 99, 2.5))
        publish(zone.slug, [space(3)], timezone.now(), times=2)
        for refused in (
            lambda: services.split_zone(zone.to_spec(), line((20, -1), (20, 1))),
            lambda: services.merge_zones(zone.to_spec(), ["far"]),
            lambda: services.merge_zones(zone.to_spec(), ["nowhere"]),
        ):
            with pytest.raises((CutRefused, ParkingZone.DoesNotExist)):
                refused()
        other.refresh_from_db()
        assert other.enabled and ParkingSpace.objects.count() == 1 and ParkingZone.objects.count() == 2

    def test_what_somebody_else_has_changed_is_not_overwritten(self):
        zone = make_zone()
        before = fingerprint(zone.to_spec())
        services.update_zone(zone_spec(name="Theirs"))
        for write in (
            lambda: services.update_zone(zone_spec(name="Mine"), based_on=before),
            lambda: services.split_zone(zone_spec(), line((20, -1), (20, 4)), based_on=before),
            lambda: services.write_zones([zone_spec(name="Mine")], {"main-street": before}),
            lambda: services.write_zones([zone_spec(name="Mine")], {"main-street": None}),
        ):
            with pytest.raises(
                services.ZoneChangedMeanwhile, match="Theirs has been changed by somebody else"
            ):
                write()
        (only,) = ParkingZone.objects.all()
        assert (only.name, bounds(to_shapely(only.geometry))) == ("Theirs", (0, 0, 60, 2.5))

    def test_the_database_itself_refuses_to_switch_a_proposal_on(self):
        services.propose_zones([zone_spec()])
        with pytest.raises(services.ZoneRefused, match="accept it before it is switched on"):
            services.update_zone(zone_spec(standing="proposed"))
        with pytest.raises(IntegrityError):
            ParkingZone.objects.update(enabled=True)

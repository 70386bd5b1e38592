# SPDX-License-Identifier: AGPL-3.0-or-later
"""Vehicle classes: read from a setting, chosen for a vehicle, turned into the ground that a zone gives them."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks

from apps.parking import selectors
from apps.parking.vehicles import NoClassHolds, VehicleClass, class_that_holds, parse_classes
from apps.parking.zones import MODES

CLASSES = parse_classes(("3.6x1.7", "4.8x1.9", "6.0x2.1", "8.0x2.5"))


def test_the_site_knows_seven_classes_from_small_to_large():
    found = selectors.vehicle_classes()
    assert [str(one) for one in found] == [
        "3.6 × 1.7 m", "4.2 × 1.8 m", "4.8 × 1.9 m", "5.4 × 2 m", "6 × 2.1 m", "7 × 2.3 m", "8 × 2.5 m",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("vehicle", "expected"),
    [
        ((3.6, 1.7), "3.6x1.7"),  # to the millimetre
        ((3.61, 1.7), "4.8x1.9"),
        ((3.5, 1.8), "4.8x1.9"),  # short, but wider than its class
        ((5.9, 2.0), "6x2.1"),
        ((5.9, None), "6x2.1"),
        ((0.1, None), "3.6x1.7"),
        ((8.0, 2.5), "8x2.5"),
    ],
)
def test_the_smallest_class_that_holds_it(vehicle, expected):
    assert class_that_holds(CLASSES, *vehicle).key == expected
    assert class_that_holds(CLASSES[::-1], *vehicle).key == expected


@pytest.mark.parametrize("vehicle", [(8.01, None), (8.01, 2.0), (4.0, 2.51), (1e300, 1.0)])
def test_larger_than_every_class_names_the_largest(vehicle):
    with pytest.raises(NoClassHolds, match=r"the largest class is 8 × 2\.5 m"):
        class_that_holds(CLASSES, *vehicle)


def test_a_site_without_classes_says_so():
    with pytest.raises(NoClassHolds, match="no zone is laid out for vehicle sizes here"):
        class_that_holds((), 4.0)


@pytest.mark.parametrize(
    ("mode", "slot"),
    [
        ("parallel", (5.4, 2.3)),
        ("perpendicular", (5.4, 2.6)),
        ("diagonal", (5.4, 2.6)),
        ("free", (5.4, 2.6)),
    ],
)
def test_the_slot_has_room_for_doors(mode, slot):
    assert VehicleClass(5.4, 2.0).slot_m(mode) == slot


def test_every_mode_has_its_room():
    assert {VehicleClass(5.4, 2.0).slot_m(mode)[0] for mode in MODES} == {5.4}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5.4", "write length x width"),
        ("5.4x2x1", "write length x width"),
        ("5,4x2,0", "write length x width"),
        ("longxwide", "write length x width"),
        ("nanx2", "length must lie within 2 and 20 m"),
        ("540x200", "length must lie within 2 and 20 m"),
        ("5.4x0", "width must lie within 1 and 3.5 m"),
        ("2.0x2.4", "wider than long"),
    ],
)
def test_a_class_that_cannot_be_read(settings, text, words):
    with pytest.raises(ValueError, match=words):
        parse_classes((text,))
    settings.SPARK_VEHICLE_CLASSES = ["3.6x1.7", text]
    (message,) = [message for message in run_checks() if message.id == "spark.E006"]
    assert words in message.msg


def test_too_many_classes_are_refused():
    with pytest.raises(ValueError, match="at most 16"):
        parse_classes(tuple(f"{2 + n / 10}x1.5" for n in range(17)))


def test_order_doubles_and_blanks_do_not_matter():
    assert parse_classes((" 4.8 x 1.9", "3.6×1.7", "3.60x1.70", "")) == parse_classes(("3.6x1.7", "4.8x1.9"))

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cameras and their services: state, keys, passwords, calibration versions, counted rejections."""

from __future__ import annotations

import dataclasses
import datetime as dt

import asyncssh
import pytest
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections
from django.utils import timezone

from camera_registry import selectors, services
from camera_registry.choices import CameraState, RejectReason
from camera_registry.models import Camera, Rejection
from camera_registry.tally import Tally
from tests.camera_registry.factories import a_calibration, a_camera

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"last_received_at": None}, CameraState.NEVER),
        ({"last_received_at": NOW}, CameraState.LIVE),
        ({"last_received_at": NOW - dt.timedelta(seconds=95)}, CameraState.LIVE),
        ({"last_received_at": NOW - dt.timedelta(seconds=96)}, CameraState.LATE),
        ({"last_received_at": NOW - dt.timedelta(seconds=96), "expected_interval_s": 60}, CameraState.LIVE),
        ({"last_received_at": NOW, "enabled": False}, CameraState.OFF),
    ],
)
def test_the_state_of_a_camera(fields, expected):
    assert Camera(name="pole-north", **fields).state(NOW) is expected


@pytest.mark.django_db
class TestRegistration:
    @pytest.mark.parametrize("name", ["ok", "pole-north", "0-9", "a" * 40])
    def test_names_that_are_plain_words(self, name):
        assert a_camera(name, image_size=None).name == name

    @pytest.mark.parametrize(
        "name", ["", "a", "A-b", "-ab", "a_b", "a b", "../x", "a/b", "ö1", "a" * 41, "ab\n"]
    )
    def test_names_that_could_mean_something_else(self, name):
        with pytest.raises(ValidationError):
            services.register_camera(name)
        with pytest.raises(IntegrityError):  # and the database itself holds it
            Camera.objects.create(name=name[:40] if len(name) < 41 else "A" * 40)

    def test_registering_again_changes_only_what_is_given(self):
        first = a_camera("pole-north", title="North", expected_interval_s=10)
        again = services.register_camera("pole-north", title="Norden")
        assert (again.pk, again.title, again.expected_interval_s) == (first.pk, "Norden", 10)

    def test_a_value_that_makes_no_sense_is_refused(self):
        with pytest.raises(ValidationError):
            services.register_camera("pole-north", max_range_m=-1)


@pytest.mark.django_db
class TestKeys:
    def test_a_key_is_kept_with_its_fingerprint_once(self):
        camera = a_camera()
        key = asyncssh.generate_private_key("ssh-ed25519", comment="on the pole")
        line = key.export_public_key().decode()
        row = services.add_key(camera, line)
        assert (row.fingerprint, row.comment) == (key.get_fingerprint(), "on the pole")
        assert services.add_key(camera, f"  {line}\n").pk == row.pk

    @pytest.mark.parametrize(
        ("case", "text", "said"),
        [
            ("nothing", "", "Not an SSH public key"),
            ("rubbish", "ssh-ed25519 AAAA", "Not an SSH public key"),
            ("private", asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(), "private key"),
            (
                "short RSA",
                asyncssh.generate_private_key("ssh-rsa", key_size=1024).export_public_key().decode(),
                "too short",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) and len(value) < 12 else "",
    )  # fmt: skip
    def test_what_is_no_safe_public_key(self, case, text, said):
        with pytest.raises(ValidationError, match=said):
            services.add_key(a_camera(), text)


@pytest.mark.django_db
def test_a_password_is_long_random_and_kept_as_a_hash():
    camera = a_camera()
    password = services.set_generated_password(camera)
    camera.refresh_from_db()
    assert len(password) == 32
    assert password not in camera.password_hash
    assert check_password(password, camera.password_hash)
    assert services.set_generated_password(camera) != password
    services.remove_password(camera)
    camera.refresh_from_db()
    assert not camera.accepts_password


@pytest.mark.django_db
class TestCalibrations:
    def test_versions_are_appended_and_the_newest_is_used(self):
        camera = a_camera(image_size=(640, 360))
        row = services.add_calibration(camera, a_calibration((1920, 1080)), note="after the storm")
        camera.refresh_from_db()
        assert (row.version, camera.calibration, camera.image_size) == (2, row, (1920, 1080))
        assert camera.calibrations.get(version=1).data["image_size"] == [640, 360]

    def test_an_older_version_can_be_used_again(self):
        camera = a_camera(image_size=(640, 360))
        services.add_calibration(camera, a_calibration((1920, 1080)))
        services.activate_calibration(camera.calibrations.get(version=1))
        camera.refresh_from_db()
        assert (camera.calibration.version, camera.image_size) == (1, (640, 360))

    def test_what_is_kept_is_the_calibration_to_the_last_bit(self):
        camera = a_camera()
        kept = services.calibration_of(Camera.objects.get())
        assert kept == dataclasses.replace(a_calibration(), name=camera.name, version=1)

    def test_a_camera_without_one_has_none(self):
        assert services.calibration_of(a_camera(image_size=None)) is None

    def test_a_calibration_file_brings_its_errors(self):
        data = a_calibration().to_json() | {"rmse_m": 0.25, "leave_one_out_rmse_m": None, "points": []}
        row = services.import_calibration(a_camera(), data)
        assert (row.rmse_m, row.loo_rmse_m) == (0.25, None)

    @pytest.mark.parametrize("data", [{}, {"image_size": [1, 2]}, {"format": 99}, [], "text"])
    def test_what_is_no_calibration_is_refused(self, data):
        with pytest.raises(ValidationError):
            services.import_calibration(a_camera(), data)


@pytest.mark.django_db
class TestRejections:
    def test_they_are_counted_by_reason_with_the_last_detail(self):
        camera = a_camera()
        services.record_rejection("pole-north", RejectReason.TRUNCATED, "first")
        services.record_rejection("pole-north", "truncated", "second\x00\x1b[2J \ud800", count=2)
        services.record_rejection("pole-north", RejectReason.EMPTY)
        row = Rejection.objects.get(reason="truncated")
        assert (row.camera, row.count, row.last_detail) == (camera, 3, "second??[2J ?")
        assert row.first_at < row.last_at
        assert selectors.rejection_counts("pole-north") == {"truncated": 3, "empty": 1}
        services.forget_rejections("pole-north")
        assert selectors.rejection_counts("pole-north") == {}

    def test_a_reason_that_does_not_exist_is_a_bug(self):
        with pytest.raises(ValueError, match="boredom"):
            services.record_rejection("pole-north", "boredom")

    def test_counts_of_a_name_find_their_camera_when_it_is_registered(self):
        services.record_rejection("pole-north", RejectReason.UNKNOWN_CAMERA)
        camera = a_camera("pole-north")
        services.record_rejection("pole-north", RejectReason.UNKNOWN_CAMERA)
        assert camera.rejections.get().count == 2

    def test_every_reason_fits_the_column(self):
        assert (
            max(len(reason) for reason in RejectReason.values)
            <= Rejection._meta.get_field("reason").max_length
        )


@pytest.mark.django_db
def test_times_only_go_forward():
    camera = a_camera()
    later, earlier = NOW, NOW - dt.timedelta(seconds=5)
    for at, cars in ((later, 7), (earlier, 3)):
        services.record_received(camera, at)
        services.record_analysed(camera, at, cars)
    camera.refresh_from_db()
    assert (camera.last_received_at, camera.last_analysed_at, camera.last_cars) == (later, later, 7)


@pytest.mark.django_db(transaction=True)
class TestTally:
    def test_counts_are_gathered_and_written_together(self, django_assert_num_queries):
        camera = a_camera()
        tally = Tally()
        for _ in range(5):
            tally.reject("pole-north", RejectReason.REPLACED)
        tally.received(camera.pk, NOW)
        tally.received(camera.pk, NOW - dt.timedelta(seconds=9))
        assert tally.waiting() == 6
        assert tally.flush() is True
        assert tally.waiting() == 0
        camera.refresh_from_db()
        assert (selectors.rejection_counts("pole-north"), camera.last_received_at) == ({"replaced": 5}, NOW)

    def test_while_the_database_is_away_they_wait(self, monkeypatch):
        a_camera()
        tally = Tally()
        tally.reject("pole-north", RejectReason.EMPTY, "before")
        connection = connections["default"]
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "PORT", "1")
        assert tally.flush() is False
        tally.reject("pole-north", RejectReason.EMPTY, "meanwhile")
        assert tally.waiting() == 2
        monkeypatch.undo()
        connection.close()
        assert tally.flush() is True
        assert selectors.rejection_counts("pole-north") == {"empty": 2}
        assert Rejection.objects.get().last_detail == "meanwhile"
        assert Rejection.objects.get().last_at <= timezone.now()

    def test_invented_names_do_not_fill_the_memory(self, monkeypatch):
        monkeypatch.setattr("camera_registry.tally.MAX_KEYS", 3)
        tally = Tally()
        for number in range(10):
            tally.reject(f"name-{number}", RejectReason.UNKNOWN_CAMERA)
        assert len(tally._rejections) <= 4
        assert tally.waiting() == 10

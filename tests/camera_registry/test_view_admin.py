# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an admin sees of a camera that moved, and the two buttons that only a person may press."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from django.utils import timezone

from camera_registry import services
from camera_registry.models import Camera, CameraViewCheck
from camera_registry.view_reference import Look, ViewReference
from camera_registry.view_status import ViewStatus
from camera_registry.view_watch import ViewMemory, ViewRecord
from tests.camera_registry.factories import a_camera

pytestmark = pytest.mark.django_db

LIST = "/admin/camera_registry/camera/"


def a_moved_camera(right_px: float, **memory) -> Camera:
    """Its picture lies this far to the side."""
    camera = a_camera("pole-north")
    services.record_received(camera, timezone.now())
    look = Look(np.random.default_rng(0).uniform(0, 1000, (80, 2)), np.zeros((80, 32), np.uint8))
    turned = np.array([[1, 0, right_px], [0, 1, 0], [0, 0, 1.0]])
    known = ViewMemory(ViewStatus.MOVED, turned, 1, abs(right_px), 0.3, far=2, look=0)
    record = ViewRecord(dataclasses.replace(known, **memory), 120.0, 20.0, "The camera has moved.")
    reference = ViewReference((1920, 1080), (look,))
    services.record_view(camera.pk, camera.calibration_id, timezone.now(), record, reference)
    return Camera.objects.get(pk=camera.pk)


def test_the_list_says_at_a_glance_who_is_silent_and_why(admin_client):
    a_moved_camera(70.0)
    page = admin_client.get(LIST).content.decode()
    assert "suspended: its view is not the calibrated one" in page
    assert "a repaired calibration waits for you, 70.0 px" in page
    assert "The camera has moved." in page


def test_accepting_the_repaired_calibration(admin_client):
    camera = a_moved_camera(70.0)
    before = services.calibration_of(camera)
    page = admin_client.get(f"{LIST}{camera.pk}/change/").content.decode()
    assert "Use the calibration repaired by 70 px" in page
    answer = admin_client.post(f"{LIST}{camera.pk}/accept-view/", follow=True)
    assert "version 2, is in use" in answer.content.decode()
    camera = Camera.objects.get(pk=camera.pk)
    after = services.calibration_of(camera)
    np.testing.assert_allclose(after.px_to_3857([[830, 700]]), before.px_to_3857([[900, 700]]), atol=1e-6)
    assert camera.current_view_check.status == ViewStatus.STEADY
    assert camera.calibration.created_by.is_superuser


def test_a_lost_camera_cannot_be_repaired(admin_client):
    camera = a_moved_camera(70.0, lost=3, status=ViewStatus.UNRECOGNISED)
    answer = admin_client.post(f"{LIST}{camera.pk}/accept-view/", follow=True)
    assert "not known where the camera looks" in answer.content.decode()
    assert Camera.objects.get(pk=camera.pk).calibration.version == 1


def test_learning_the_view_anew(admin_client):
    camera = a_moved_camera(70.0)
    admin_client.post(f"{LIST}{camera.pk}/forget-view/")
    assert not CameraViewCheck.objects.exists()


@pytest.mark.parametrize("button", ["accept-view", "forget-view"])
def test_a_link_cannot_press_them(admin_client, button):
    camera = a_moved_camera(70.0)
    assert admin_client.get(f"{LIST}{camera.pk}/{button}/").status_code == 405
    assert CameraViewCheck.objects.exists()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a camera's picture to the driver's eyes: a car leaves, the space appears; it comes back, and the page re-offers.

Pictures wait in Redis, the worker's own code analyses and publishes them, the API serves them, Chromium shows them. Only
the network is stood in for: it finds painted cars (that the real one finds real ones is held in tests/workers).
"""

from __future__ import annotations

import time

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from camera_registry.tally import Tally
from tests.apps.devices import DESKTOP, PHONE
from tests.workers.scene import PaintSegmenter, a_street_camera, a_zone, photograph
from workers.analysis import Analyst
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POLL_S = 0.5
#: Kerb of 30 m: bumper to bumper, and the same with one car gone.
FULL = [-12.0, -6.0, 0.0, 6.0, 12.0]
ONE_LEFT = [-12.0, -6.0, 6.0, 12.0]
TWO_LEFT = [-12.0, 6.0, 12.0]


class Street:
    """A camera and the worker that analyses its pictures."""

    def __init__(self, client) -> None:
        self.store = FrameStore(client, ttl_s=30, lease_s=30)
        bell = Doorbell(client, ttl_s=30, job_timeout_s=30)
        self.analyst = Analyst(self.store, bell, PaintSegmenter(), Tally(), name="w1", batch=4)
        self.camera = a_street_camera()
        a_zone()

    def see(self, cars: list[float], times: int = 1) -> None:
        for _ in range(times):
            self.store.put(self.camera.pk, self.camera.name, photograph(cars), timezone.now())
            assert self.analyst.answer(self.camera.pk) == 1
            time.sleep(0.01)  # two pictures of the same instant are one


@pytest.fixture
def street(redis_client, settings) -> Street:
    settings.SPARK_POLL_S = POLL_S
    settings.SPARK_FREE_AFTER = 2
    return Street(redis_client)


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_car_leaves_and_another_comes(open_page, live_server, street, device):
    street.see(FULL, times=2)
    page = open_page(live_server.url, **device)
    expect(page.locator("#headline")).to_have_text("No free space")
    assert page.locator("path.space").count() == 0

    street.see(ONE_LEFT, times=2)
    expect(page.locator("#headline")).to_have_text("1 free space")
    expect(page.locator("path.space")).to_have_count(1)
    page.locator(".zone-row").click()
    page.locator(".space-row").click()
    expect(page.locator("#details-go")).to_be_visible()

    # Another leaves, and somebody else takes the chosen one.
    street.see(TWO_LEFT, times=2)
    street.see([-12.0, 0.0, 6.0, 12.0])
    expect(page.locator("#details-title")).to_have_text("This space is no longer free")
    expect(page.locator("#details-go")).to_be_hidden()
    page.locator("#details-next").click()
    expect(page.locator("#details-go")).to_be_visible()
    expect(page.locator("#details-title")).to_have_text("Free space")
    expect(page.locator("path.space.selected")).to_have_count(1)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""A volunteer on a phone: from the invitation's link to “your frame arrived”, through a real door; then the mask.

On the way each page is held to axe, to a finger's size and to the width of a phone.
"""

from __future__ import annotations

import asyncio
import threading

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from apps.owners import services
from camera_registry import services as registry
from camera_registry.keys import host_key_fingerprints
from camera_registry.models import Camera
from camera_registry.privacy_mask import mask_of
from camera_registry.reference_frames import reference_frames
from tests.apps.devices import DESKTOP, PHONE
from tests.apps.owners.lending import (
    PASSWORD,
    a_lent_camera,
    a_person,
    logged_in,
    photograph,
    running_intake,
)
from tests.apps.webmap.test_a11y import FINGER_PX, TARGETS, axe
from tests.camera_registry.doors import running_door

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Above intake's and the page's own pace, on a busy machine; nothing waits for all of it.
PATIENCE_MS = 30_000


@pytest.fixture
def door(settings, redis_client):
    with running_door() as opened, running_intake(redis_client):
        settings.SPARK_SFTP_PORT = opened.port
        settings.ALLOWED_HOSTS = ["*"]
        yield opened


def held_to_the_house(page: Page) -> None:
    assert axe(page) == []
    small = [t for t in page.evaluate(TARGETS) if min(t["width"], t["height"]) < FINGER_PX]
    assert small == [], page.url
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{page.url} is wider than the screen"


def upload(door, account: str, password: str, data: bytes, name: str = "20261122-120000.jpg") -> None:
    """As a camera does it, with what the page shows."""

    async def go() -> None:
        async with (
            door.connect(account, password=password) as connection,
            connection.start_sftp_client() as sftp,
            sftp.open(name, "wb") as file,
        ):
            await file.write(data)

    asyncio.run(go())


def in_thread(function, *arguments) -> None:
    """Playwright keeps an event loop in the test's own thread."""
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            function(*arguments)
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    if trouble:
        raise trouble[0]


def join(page: Page, name: str) -> None:
    page.get_by_label("Name to log in with").fill(name)
    for field in ("Password", "Password confirmation"):
        page.get_by_label(field, exact=True).or_(page.get_by_label(f"{field}:", exact=True)).fill(PASSWORD)
    held_to_the_house(page)
    page.get_by_role("button", name="Make my account").click()


def describe(page: Page) -> None:
    page.get_by_label("What is it called?").fill("Atatürk Caddesi, north")
    page.get_by_label("Who is responsible?").fill("Ada Lovelace")
    held_to_the_house(page)
    page.get_by_label("I agree to this.").check()
    page.get_by_role("button", name="Go on").click()


def test_from_the_invitation_to_the_first_frame_and_its_mask(open_page, live_server, door, settings):
    _, token = services.invite(None, email="ada@example.org")
    page = open_page(f"{live_server.url}/my/join/{token}/", **PHONE)
    expect(page.get_by_label("E-mail")).to_have_value("ada@example.org")
    join(page, "ada")
    describe(page)
    held_to_the_house(page)
    page.get_by_label("A password: most cameras know nothing else").check()
    page.get_by_role("button", name="Show what to type in").click()

    shown = {
        name: page.locator(f"#typed-{name}").inner_text() for name in ("host", "port", "account", "password")
    }
    assert shown["port"] == str(door.port)
    assert shown["account"].startswith("ataturk-caddesi-north-")
    fingerprints = host_key_fingerprints(settings.SPARK_SFTP_HOST_KEY)
    assert fingerprints == door.fingerprints
    for fingerprint in fingerprints:
        expect(page.locator("dl.connection")).to_contain_text(fingerprint)
    page.locator("button[data-copy=typed-password]").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    headline = page.locator("#test-headline")
    expect(headline).to_have_text("Waiting for the first frame …")
    held_to_the_house(page)

    with pytest.raises(Exception, match="Permission denied"):
        in_thread(upload, door, shown["account"], "wrong", b"")
    expect(headline).to_contain_text("the login was refused", timeout=PATIENCE_MS)
    in_thread(upload, door, shown["account"], shown["password"], photograph()[:-5000])
    expect(headline).to_contain_text("cut short", timeout=PATIENCE_MS)
    in_thread(upload, door, shown["account"], shown["password"], photograph())
    expect(headline).to_have_text("Your frame arrived: 1920×1080, sharp, in daylight.", timeout=PATIENCE_MS)
    held_to_the_house(page)

    page.get_by_role("link", name="Next: the privacy mask").click()
    camera = Camera.objects.get(name=shown["account"])
    cover(page, lambda: in_thread(upload, door, shown["account"], shown["password"], photograph()))
    mask = mask_of(Camera.objects.get(pk=camera.pk))
    assert (len(mask.polygons), mask.image_size) == (2, (1920, 1080))
    assert reference_frames().get(camera.pk) is None

    page.goto(f"{live_server.url}/my/camera/{camera.name}/notice/")
    held_to_the_house(page)
    drawing = np.frombuffer(page.locator(".sheet-code").screenshot(), np.uint8)
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.imdecode(drawing, cv2.IMREAD_COLOR))
    assert read == f"{live_server.url}/my/notice/{camera.notice.code}/"

    # The secret is nowhere any more, and what is drawn is kept from now on.
    page.goto(f"{live_server.url}/my/camera/{camera.name}/")
    assert shown["password"] not in page.content()
    held_to_the_house(page)
    page.get_by_role("link", name="Draw the mask").click()
    page.get_by_role("button", name="Take a picture").click()
    in_thread(upload, door, shown["account"], shown["password"], photograph())
    expect(page.locator("#frame img")).to_be_visible(timeout=PATIENCE_MS)
    x, y = mask.polygons[0][0]
    seen = page.evaluate(
        """([x, y]) => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [1920, 1080];
          const pen = canvas.getContext("2d");
          pen.drawImage(document.querySelector("#frame img"), 0, 0);
          return [...pen.getImageData(x, y, 1, 1).data].slice(0, 3);
        }""",
        [x + 20, y + 20],
    )
    assert max(seen) < 12, "what is covered is black in the picture that is drawn on, too"
    page.get_by_role("link", name="‹").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Atatürk Caddesi, north")


def cover(page: Page, send) -> None:
    """One shape by finger, one by keyboard; saved."""
    page.get_by_role("button", name="Take a picture").click()
    expect(page.locator("#said")).to_contain_text("Waiting")
    send()
    board = page.locator("#frame svg")
    expect(page.locator("#frame img")).to_be_visible(timeout=PATIENCE_MS)
    box = board.bounding_box()
    for x, y in ((0.1, 0.1), (0.5, 0.1), (0.5, 0.6), (0.1, 0.6), (0.1, 0.1)):
        page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(page.locator("polygon.shape")).to_have_count(1)
    held_to_the_house(page)
    page.get_by_role("button", name="Add a box").focus()
    page.keyboard.press("Enter")
    expect(page.locator("polygon.shape")).to_have_count(2)
    before = page.locator("polygon.shape").nth(1).get_attribute("points")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator("polygon.shape").nth(1).get_attribute("points") != before
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Shape 2")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_contain_text("Saved")
    expect(page.locator("#frame img")).to_be_hidden()


def test_the_pages_are_for_everyone_in_the_dark_and_on_a_desk_too(open_page, live_server, redis_client):
    ada = a_person()
    camera = a_lent_camera(ada)
    registry.record_rejection(camera.name, "truncated", "x")
    session = logged_in(ada).cookies["sessionid"].value
    at = f"camera/{camera.name}"
    for device, scheme, locale in ((PHONE, "dark", "tr-TR"), (DESKTOP, "dark", "en-GB")):
        page = open_page(f"{live_server.url}/my/login/", **device, color_scheme=scheme, locale=locale)
        held_to_the_house(page)
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        for where in (
            "",
            "new/",
            "account/delete/",
            *(f"{at}/{end}" for end in ("", "connect/", "mask/", "notice/")),
        ):
            page.goto(f"{live_server.url}/my/{where}")
            held_to_the_house(page)

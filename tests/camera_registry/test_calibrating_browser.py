# SPDX-License-Identifier: AGPL-3.0-or-later
"""A whole calibration in a real browser, by mouse and by keyboard, on a frame of the simulated street."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from apps.demo.control_points import landmarks
from apps.demo.layout import build_layout, to_world
from apps.demo.services import zone_specs
from apps.demo.truth import calibration_of, street_frame
from apps.parking.services import create_zone
from camera_registry import services
from camera_registry.calibration import Calibration
from camera_registry.mercator import lonlat_to_3857, xy_3857_to_lonlat
from camera_registry.models import Camera
from camera_registry.reference_frames import reference_frames
from tests.apps.devices import DESKTOP
from tests.demo.scenes import CAMERA, SIZE, frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}
TRUTH = calibration_of(CAMERA)
CHECKS = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core"


@cache
def jpeg() -> bytes:
    """What the camera sees at noon."""
    return cv2.imencode(".jpg", frame().image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def places() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Landmarks well inside the picture: name → exact pixel, and longitude and latitude."""
    found = {}
    for name, st in landmarks(build_layout(0)).items():
        xy = street_frame().to_3857(to_world(np.array([st])))
        px = TRUTH.xy_3857_to_px(xy)[0]
        if (px > 15).all() and (px < np.array(SIZE) - 15).all():
            found[name] = (px, xy_3857_to_lonlat(xy)[0])
    return found


def spread(count: int) -> list[str]:
    """Landmarks that lie far from each other in the picture."""
    all_places = places()
    chosen = [min(all_places, key=lambda name: all_places[name][0].sum())]
    while len(chosen) < count:
        apart = {
            name: min(np.linalg.norm(px - all_places[other][0]) for other in chosen)
            for name, (px, _) in all_places.items()
        }
        chosen.append(max(apart, key=apart.get))
    return chosen


@pytest.fixture
def camera(redis_client) -> Camera:
    for spec in zone_specs():
        create_zone(spec)
    return services.register_camera("bahar-north", title="Bahar Street 11")


@pytest.fixture
def open_calibrating(open_page, live_server, admin_client, camera):
    """The page as an admin sees it."""

    def opened(**device) -> Page:
        page = open_page(f"{live_server.url}/admin/login/", **(device or DESKTOP))
        cookie = admin_client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page.goto(f"{live_server.url}/admin/camera_registry/camera/{camera.pk}/calibrate/")
        return page

    return opened


def upload(page: Page) -> None:
    page.set_input_files("#frame-file", {"name": "frame.jpg", "mimeType": "image/jpeg", "buffer": jpeg()})
    expect(page.locator("img.cal-frame")).to_be_visible()
    expect(page.locator("#frame-said")).to_contain_text("640 × 360 px")


def row(page: Page, index: int):
    return page.locator("#points tr").nth(index)


def pair(page: Page, index: int, half: str) -> np.ndarray:
    return np.array([float(v) for v in row(page, index).locator(f".cal-{half}").input_value().split(",")])


def on_frame(page: Page, px) -> tuple[float, float]:
    """Where a pixel of the picture lies on the screen."""
    at = page.locator("img.cal-frame").bounding_box()
    return at["x"] + px[0] / SIZE[0] * at["width"], at["y"] + px[1] / SIZE[1] * at["height"]


def map_on_screen(page: Page):
    """Longitude and latitude to the screen, learnt from two clicks, which are undone."""
    box = page.locator("#map").bounding_box()
    ends = [
        (box["x"] + 120, box["y"] + 90),
        (box["x"] + box["width"] - 120, box["y"] + box["height"] - 90),
    ]
    xy = []
    for end in ends:
        page.mouse.click(*end)
        xy.append(lonlat_to_3857([pair(page, 0, "lonlat")])[0])
        page.click("#undo")
        expect(page.locator("#points tr")).to_have_count(0)
    scale = (np.array(ends[1]) - ends[0]) / (xy[1] - xy[0])
    return lambda lonlat: tuple(np.array(ends[0]) + (lonlat_to_3857([lonlat])[0] - xy[0]) * scale)


def ground_error_m(found: Calibration, reach_m: float = 60.0) -> np.ndarray:
    """Of pixels all over the picture that show ground nearer than `reach_m`."""
    columns, rows = np.meshgrid(np.linspace(40, 600, 12), np.linspace(60, 340, 8))
    px = np.column_stack([columns.ravel(), rows.ravel()])
    truth = TRUTH.frame.to_metres(TRUTH.px_to_3857(px))
    near = np.linalg.norm(truth, axis=1) < reach_m
    return np.linalg.norm(TRUTH.frame.to_metres(found.px_to_3857(px[near])) - truth[near], axis=1)


def saved(camera: Camera) -> Calibration:
    camera.refresh_from_db()
    return services.calibration_of(camera)


def test_by_mouse(open_calibrating, camera):
    page = open_calibrating()
    page.click("#next-frame")
    expect(page.locator("#frame-said")).to_have_text("Waiting for the camera's next frame …")
    frames = reference_frames()
    assert frames.offer(camera.pk, jpeg(), dt.datetime.now(dt.UTC))  # as the watcher does when a frame comes
    expect(page.locator("img.cal-frame")).to_be_visible()
    expect(page.locator("#frame-said")).to_contain_text("640 × 360 px")

    on_map = map_on_screen(page)
    for index, name in enumerate(spread(9)):
        px, lonlat = places()[name]
        page.mouse.click(*on_frame(page, px))
        expect(page.locator("#prompt")).to_have_text(f"Point {index + 1}: now the same place on the map.")
        page.mouse.click(*on_map(lonlat))
        assert np.abs(pair(page, index, "px") - px).max() < 1.0
    expect(page.locator("#verdict")).to_have_class(re.compile("fitted"))
    expect(page.locator("#verdict")).to_contain_text("✓")
    expect(page.locator("#numbers")).to_contain_text("Camera height")
    expect(page.locator("#frame path.cal-zone").first).to_be_attached()
    expect(page.locator("#frame .cal-horizon")).to_have_count(0)  # this camera looks down

    # A point that was set badly stands out, is named, and is dragged back.
    knob = page.locator("#frame .cal-marker[data-point=p3]")
    at = on_frame(page, places()[spread(9)[2]][0])
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + 50, at[1] + 35, steps=5)
    expect(page.locator(".loupe")).to_be_visible()
    page.mouse.up()
    expect(row(page, 2)).to_contain_text("⚠ does not agree")
    expect(page.locator("#notes")).to_contain_text("Point 3 does not agree with the others")
    expect(knob.locator(".cal-label")).to_have_text("⚠ 3")
    page.click("#undo")
    expect(row(page, 2)).not_to_contain_text("⚠")

    page.check("#layer-warp")
    page.check("#layer-errors")
    expect(page.locator("#map img.cal-laid.frame")).to_be_visible()
    expect(page.locator("#frame img.cal-heat")).to_be_visible()

    page.fill("#note", "The first one.")
    page.click("#save")
    page.wait_for_url(re.compile(r"/change/$"))
    expect(page.locator(".messagelist")).to_contain_text("Calibration version 1 is in use.")
    found = saved(camera)
    assert np.sqrt(np.mean(ground_error_m(found) ** 2)) < 0.5
    assert found.pose.height_m == pytest.approx(CAMERA.height_m, abs=2.5)
    version = camera.calibration
    assert (version.note, version.created_by.username, len(version.points)) == ("The first one.", "admin", 9)
    assert frames.get(camera.pk) is None


def nudge(page: Page, read, target: np.ndarray, unit: np.ndarray) -> None:
    """Press arrows until the value that `read` gives is the target's, as far as the finest step goes."""
    for keys, step in (("Shift+", 10.0), ("", 1.0), ("Alt+", 0.1)):
        away = (target - read()) / (unit * step)
        for axis, (less, more) in enumerate((("ArrowLeft", "ArrowRight"), ("ArrowUp", "ArrowDown"))):
            for _ in range(abs(round(away[axis]))):
                page.keyboard.press(f"{keys}{more if away[axis] > 0 else less}")


def test_by_keyboard(open_calibrating, camera):
    page = open_calibrating()
    upload(page)
    names = spread(8)
    page.focus("#frame")
    for index, name in enumerate(names):
        px, lonlat = places()[name]
        page.keyboard.press("Enter")  # a point in the middle of the picture
        nudge(page, lambda i=index: pair(page, i, "px"), px, np.ones(2))
        assert np.abs(pair(page, index, "px") - px).max() < 0.1
        if index < 2:  # on the map, with arrows
            page.keyboard.press("Enter")
            expect(page.locator("#map")).to_be_focused()
            page.keyboard.press("+")
            page.keyboard.press("Enter")
            expect(page.locator(f"#map .cal-marker[data-point=p{index + 1}]")).to_be_focused()
            before = pair(page, index, "lonlat")
            page.keyboard.press("Shift+ArrowRight")
            page.keyboard.press("Shift+ArrowDown")
            unit = (pair(page, index, "lonlat") - before) / 10
            nudge(page, lambda i=index: pair(page, i, "lonlat"), lonlat, unit)
            assert np.abs(pair(page, index, "lonlat") - lonlat).max() < 2e-6
            page.keyboard.press("Enter")
        else:  # typed
            field = row(page, index).locator(".cal-lonlat")
            field.focus()
            page.keyboard.type(f"{lonlat[0]:.8f}, {lonlat[1]:.8f}")
            page.keyboard.press("Tab")
            page.focus("#frame")
    expect(page.locator("#verdict")).to_contain_text("✓")

    # Tab walks through the points; K drops one, Delete takes it away, Ctrl+Z brings it back.
    page.focus("#frame")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    walked = page.evaluate("document.activeElement.dataset.point")
    assert re.fullmatch(r"p\d", walked)
    number = walked[1:]
    page.keyboard.press("k")
    expect(page.locator(f"tr[data-row={walked}]")).to_contain_text("check only")
    page.keyboard.press("Delete")
    expect(page.locator("#points tr")).to_have_count(7)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.locator("#points tr")).to_have_count(8)
    expect(page.locator(f"tr[data-row={walked}]")).not_to_contain_text("check only")
    assert (
        page.locator(f"#frame .cal-marker[data-point=p{number}]")
        .get_attribute("aria-label")
        .startswith(f"Point {number} in the picture, pixel ")
    )
    expect(page.locator("#verdict")).to_contain_text("✓")

    page.focus("#note")
    page.keyboard.press("Control+a")
    page.keyboard.type("By keyboard.")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/change/$"))
    found = saved(camera)
    assert np.sqrt(np.mean(ground_error_m(found) ** 2)) < 0.1
    assert found.lens.k == pytest.approx(CAMERA.k, abs=0.02)
    np.testing.assert_allclose(
        found.homography.matrix @ (0.5 * SIZE[0], 0.6 * SIZE[1], 1) / (found.homography.matrix[2] @ (0.5 * SIZE[0], 0.6 * SIZE[1], 1)),
        TRUTH.homography.matrix @ (0.5 * SIZE[0], 0.6 * SIZE[1], 1) / (TRUTH.homography.matrix[2] @ (0.5 * SIZE[0], 0.6 * SIZE[1], 1)),
        atol=0.2,
    )  # fmt: skip


def csv_of(names: list[str]) -> bytes:
    """A file of exact control points."""
    lines = ["name,px_x,px_y,lon,lat"]
    for name in names:
        px, lonlat = places()[name]
        lines.append(f"{name},{px[0]:.2f},{px[1]:.2f},{lonlat[0]:.8f},{lonlat[1]:.8f}")
    return "\n".join(lines).encode()


def import_csv(page: Page, data: bytes) -> None:
    page.set_input_files("#csv-file", {"name": "points.csv", "mimeType": "text/csv", "buffer": data})


def test_on_a_tablet_with_a_file_of_points(open_calibrating, camera, complaints):
    page = open_calibrating(**TABLET)
    names = spread(9)
    import_csv(page, csv_of(names))
    expect(page.locator("#points tr")).to_have_count(9)
    assert row(page, 0).locator(".cal-name").input_value() == names[0]
    upload(page)
    expect(page.locator("#verdict")).to_contain_text("✓ Good")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024

    # A file that is none, and points that determine nothing, are refused in words.
    import_csv(page, b"name,px_x\n")
    expect(page.locator("#frame-said")).to_contain_text("column px_y, lon, lat missing")
    assert any("422" in words for words in complaints)
    complaints.clear()
    row(page, 1).locator(".cal-px").fill(row(page, 0).locator(".cal-px").input_value())
    page.keyboard.press("Tab")
    expect(page.locator("#verdict")).to_contain_text(f"Points {names[0]} and {names[1]} are the same pixel")
    expect(page.locator("#frame .cal-marker.bad")).to_have_count(2)
    expect(row(page, 1)).to_contain_text("⚠ refused")
    expect(page.locator("#save")).to_be_disabled()
    row(page, 1).get_by_role("checkbox").uncheck()
    expect(page.locator("#verdict")).to_contain_text("✓")
    expect(row(page, 1)).to_contain_text("check only")

    axe = CHECKS / "axe.min.js"
    if axe.exists():
        page.evaluate(axe.read_text())
        found = page.evaluate(
            "axe.run(document.getElementById('calibrate'), { resultTypes: ['violations'] })"
            ".then((result) => result.violations.map((fault) => fault.id))"
        )
        assert found == []

    with page.expect_download() as download:
        page.click("#export")
    exported = download.value.path().read_text().splitlines()
    assert exported[0] == "name,px_x,px_y,lon,lat" and len(exported) == 10
    page.reload()  # the draft stays in this tab, the frame on the server
    expect(page.locator("#points tr")).to_have_count(9)
    expect(page.locator("img.cal-frame")).to_be_visible()
    page.click("#leave")
    page.wait_for_url(re.compile(r"/change/$"))
    assert reference_frames().get(camera.pk) is None
    assert not camera.calibrations.exists()

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the simulated street costs: the empty street once per light, then each 1080p frame, and its truth.

CPU time of this process, so that a busy machine does not blur it. The demo runs two cameras beside the worker: a frame
may take half a second (`FRAME_BUDGET_MS`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from apps.demo.layout import build_layout
from apps.demo.light import light_at
from apps.demo.renderer import StreetRenderer
from apps.demo.timeline import Street
from apps.demo.truth import frame_truth
from apps.demo.views import demo_cameras

FRAME_BUDGET_MS = 500.0
LIGHTS = {"day": (12.0, 0.0), "overcast": (12.0, 1.0), "dusk": (20.5, 0.0)}
START_S = 17 * 3600.0


def run(quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Tables: rendering per camera and light, and the timeline."""
    layout = build_layout(0)
    renderer = StreetRenderer(layout)
    street = Street(layout, 0, START_S)
    frames = 3 if quick else 12
    rows = []
    cameras = demo_cameras()[: 1 if quick else None]
    renderer.render(
        cameras[0], light_at(*LIGHTS["day"]), street.state_at(START_S + 1)
    )  # compiles, or loads what was
    for camera in cameras:
        for name, hour in LIGHTS.items():
            light = light_at(*hour)
            fresh = StreetRenderer(layout)
            background, _ = _cpu_ms(lambda r=fresh, c=camera, li=light: r.background(c, li))
            drawing, telling, cars = [], [], 0
            for k in range(frames):
                t_s = START_S + 60.0 + 20.0 * k
                now = street.state_at(t_s)
                cars = len(now)
                spent, frame = _cpu_ms(lambda r=fresh, c=camera, li=light, n=now, k=k: r.render(c, li, n, k))
                drawing.append(spent)
                telling.append(
                    _cpu_ms(lambda c=camera, t=t_s, n=now, f=frame: frame_truth(layout, c, t, n, f))[0]
                )
            rows.append(
                {
                    "camera": camera.name,
                    "light": name,
                    "cars": cars,
                    "background_ms": background,
                    "frame_ms": float(np.median(drawing)),
                    "worst_ms": float(np.max(drawing)),
                    "truth_ms": float(np.median(telling)),
                    "within_budget": "yes" if np.median(drawing) <= FRAME_BUDGET_MS else "no",
                }
            )
    day_ms, _ = _cpu_ms(lambda: Street(layout, 1).state_at(3600.0 * (6 if quick else 24)))
    return {
        "rendering, 1920 × 1080": rows,
        "timeline": [{"hours": 6 if quick else 24, "cpu_ms": day_ms}],
    }


def _cpu_ms(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = work()
    return (time.process_time() - began) * 1e3, result

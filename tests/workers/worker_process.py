# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py run_worker` in a process of its own, with the paint segmenter: `python -m … DELAY_S [options]`.

A negative delay is one that hears no alarm.
"""

from __future__ import annotations

import sys

import django

if __name__ == "__main__":
    django.setup()

    from django.core.management import call_command

    from camera_registry import heartbeat
    from tests.workers.scene import PaintSegmenter
    from workers import runtime

    delay_s = float(sys.argv[1])
    heartbeat.LIFE_S, heartbeat.INTERVAL_S = 1, 0.25
    runtime.load_segmenter = lambda *args, **options: PaintSegmenter(abs(delay_s), deaf=delay_s < 0)
    runtime.warm_up = lambda: None
    call_command("run_worker", *sys.argv[2:])

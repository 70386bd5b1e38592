# SPDX-License-Identifier: AGPL-3.0-or-later
"""RQ's entry points. A job is a doorbell: it carries a camera's id and nothing else."""

from __future__ import annotations

from workers.runtime import analyst


def analyse_waiting(camera_id: int) -> None:
    """The bell of this camera rang: analyse the frames that have waited longest, as one batch."""
    analyst().answer(camera_id)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""From frame to frame: whether a camera's view may be believed, and as what.

A small shift is taken out on the fly, averaged over the frames that agree on it. A large one makes the camera silent
until an admin accepts the repaired calibration, or it turns back. A view that is not recognised says nothing, and three
of them in a row silence the camera too. Everything comes back by itself with the view.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from camera_registry.saying import template
from camera_registry.view_reference import LEAST_KEYPOINTS, Features
from camera_registry.view_status import ViewStatus
from camera_registry.view_turn import ViewShift, displacement_px

__all__ = ["COME_BACK", "ViewMemory", "ViewRecord", "judge", "usable", "why_unrecognised"]

Float = NDArray[np.float64]

#: A shift up to this share of the image width is corrected without asking: 38 of 1920 pixels, two degrees of a wide
#: lens. Beyond it the admin should look whether the zones are still in view.
SMALL_SHIFT_WIDTHS = 0.02
#: Below this many pixels of a 1920 px wide picture, and within what is known of it, the camera has not moved.
STEADY_PX = 1.0
#: So many unusable frames in a row silence the camera; one may be torn by the network, or show a bus.
UNRECOGNISED_FRAMES = 3
MOVED_FRAMES = 2
#: So many good ones end the silence.
BACK_FRAMES = 2
#: Estimates are averaged over at most so many frames: it takes the noise down to a third.
MAX_AVERAGED = 9
#: An estimate this many standard deviations away from the average is a new position, not noise.
NEW_PLACE_SIGMAS = 3.0
LEAST_NEW_PLACE_PX = 1.5
#: Means of grey values and standard deviations of the Laplacian under which a picture shows nothing.
DARK_BELOW = 18.0
FLAT_BELOW = 3.0
#: Said of a silent camera's first good frame.
COME_BACK = template("The camera has come back; its next frame counts again.")


@dataclass(frozen=True)
class ViewMemory:
    """What is remembered of a view between its frames.

    to_reference: 3 × 3, undistorted pixels now to those of the reference, averaged over `averaged` frames; None before
    the first. shift_px, sigma_px: its largest displacement of a pixel as seen, and one standard deviation. far, lost,
    good: frames in a row that lay far off, were not recognised, or were fine. look: the look it was last known by.
    """

    status: ViewStatus = ViewStatus.UNCHECKED
    to_reference: Float | None = None
    averaged: int = 0
    shift_px: float = 0.0
    sigma_px: float = 0.0
    far: int = 0
    lost: int = 0
    good: int = 0
    look: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; `from_json` gives the same memory back."""
        matrix = None if self.to_reference is None else self.to_reference.tolist()
        return dataclasses.asdict(self) | {"status": self.status.value, "to_reference": matrix}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ViewMemory:
        """Read what `to_json` wrote. Raises ValueError when it is something else."""
        try:
            matrix = data["to_reference"]
            known = {name: data[name] for name in _COUNTS}
            to_reference = None if matrix is None else np.array(matrix, dtype=np.float64).reshape(3, 3)
            return cls(status=ViewStatus(data["status"]), to_reference=to_reference, **known)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a view's memory: {type(error).__name__} {error}") from error


_COUNTS = ("averaged", "shift_px", "sigma_px", "far", "lost", "good", "look")


@dataclass(frozen=True)
class ViewRecord:
    """What is kept of a frame's view: the memory after it, its brightness and sharpness, and what was wrong with it."""

    memory: ViewMemory
    brightness: float
    sharpness: float
    detail: str = ""


def judge(memory: ViewMemory, shift: ViewShift, calibration: Calibration) -> ViewMemory:
    """What is known after a frame whose view lies as `shift` says against the calibration's reference."""
    width = calibration.image_size[0]
    if shift.to_reference is None:
        lost = memory.lost + 1
        silent = lost >= UNRECOGNISED_FRAMES
        status = ViewStatus.UNRECOGNISED if silent else memory.status
        return replace(memory, status=status, lost=lost, far=0, good=0)
    memory = _averaged(memory, shift, calibration)
    if memory.shift_px > SMALL_SHIFT_WIDTHS * width:
        far = memory.far + 1
        status = ViewStatus.MOVED if far >= MOVED_FRAMES or memory.status.suspended else memory.status
        return replace(memory, status=status, far=far, lost=0, good=0)
    good = memory.good + 1
    steady = memory.shift_px <= max(STEADY_PX * width / 1920, 2.0 * memory.sigma_px)
    status = ViewStatus.STEADY if steady else ViewStatus.CORRECTED
    if memory.status.suspended and good < BACK_FRAMES:
        status = memory.status
    return replace(memory, status=status, far=0, lost=0, good=good)


def usable(memory: ViewMemory) -> bool:
    """Whether the frame just judged may be analysed: recognised, near enough, and the camera not silent."""
    return memory.far == 0 and memory.lost == 0 and not memory.status.suspended


def why_unrecognised(features: Features) -> str:
    """A sentence for people on what such a picture looks like."""
    if features.brightness < DARK_BELOW:
        return template("The picture is nearly black.")
    if features.sharpness < FLAT_BELOW or len(features) < LEAST_KEYPOINTS:
        return template(
            "The picture shows next to nothing: the lens is covered, fogged, blinded or out of focus."
        )
    return template("The picture shows another view than the one that was calibrated.")


def _averaged(memory: ViewMemory, shift: ViewShift, calibration: Calibration) -> ViewMemory:
    """The estimate taken into the average, or in its place where the camera has moved in between."""
    assert shift.to_reference is not None  # recognised
    matrix, count, sigma_px = shift.to_reference, 1, shift.sigma_px
    if memory.to_reference is not None:
        apart_px = displacement_px(np.linalg.inv(memory.to_reference) @ matrix, calibration)
        noise_px = float(np.hypot(shift.sigma_px, memory.sigma_px))
        if apart_px <= max(
            LEAST_NEW_PLACE_PX * calibration.image_size[0] / 1920, NEW_PLACE_SIGMAS * noise_px
        ):
            count = min(memory.averaged + 1, MAX_AVERAGED)
            # Each matrix has 1 in its last corner, and they differ by pixels: their mean is the mean turn.
            matrix = memory.to_reference + (matrix / matrix[2, 2] - memory.to_reference) / count
            sigma_px = float(
                np.sqrt(memory.sigma_px**2 * (1 - 1 / count) ** 2 + (shift.sigma_px / count) ** 2)
            )
    matrix = matrix / matrix[2, 2]
    return replace(
        memory,
        to_reference=matrix,
        averaged=count,
        shift_px=displacement_px(matrix, calibration),
        sigma_px=sigma_px,
        look=shift.look,
    )

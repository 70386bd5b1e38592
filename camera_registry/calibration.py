# SPDX-License-Identifier: AGPL-3.0-or-later
"""A camera's calibration: everything that turns its pixels into ground, in one frozen value.

What the database versions, what `python -m camera_registry.calibrate` writes and what the pipeline reads is this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from camera_registry.homography import Homography
from camera_registry.lens import RadialLens
from camera_registry.mercator import LocalFrame
from camera_registry.overlay import intersection
from camera_registry.pose import CameraPose, homography_from_pose

__all__ = ["Calibration", "calibration_from_pose"]

Float = NDArray[np.float64]

#: A straight image edge is bent by the lens; it is cut into pieces this long before it is projected.
BORDER_STEP_PX = 16.0
#: The image's border is where masks are cut off and lenses are worst: this much of its width is not believed.
BORDER_MARGIN = 0.005
#: Ground at more than this many times the distance of the nearest ground is never projected: near the horizon
#: one pixel is many metres.
HORIZON_LIMIT = 200.0
#: Format of the JSON; raised when a reader of the old form would be misled.
FORMAT = 1


@dataclass(frozen=True)
class Calibration:
    """Pixels of one camera at one image size to EPSG:3857 and back.

    Pixels are continuous, x right and y down, the image's top-left corner at (0, 0).
    """

    image_size: tuple[int, int]
    homography: Homography
    lens: RadialLens | None = None
    pose: CameraPose | None = None
    name: str = ""
    version: int = 0

    def px_to_3857(self, px: ArrayLike) -> Float:
        """Pixels (N, 2) to EPSG:3857 (N, 2); NaN on and above the horizon."""
        return self.homography.to_3857(self.undistort(px))

    def xy_3857_to_px(self, xy_3857: ArrayLike) -> Float:
        """EPSG:3857 (N, 2) to pixels (N, 2); NaN behind the camera. Pixels may lie outside the image."""
        px = self.homography.to_px(xy_3857)
        return self.lens.distort(px) if self.lens else px

    def undistort(self, px: ArrayLike) -> Float:
        """Pixels (N, 2) as seen to pixels (N, 2) of the ideal pinhole."""
        return self.lens.undistort(px) if self.lens else np.asarray(px, dtype=np.float64)

    @property
    def frame(self) -> LocalFrame:
        """The local frame in which this camera's geometry is computed."""
        if self.pose:
            return LocalFrame(self.pose.ground_3857)
        anchor = self.homography.anchor_3857
        return LocalFrame((float(anchor[0]), float(anchor[1])))

    def ring_to_ground_m(self, ring_px: ArrayLike, frame: LocalFrame) -> shapely.Polygon:
        """The ground behind an image polygon, in `frame`'s true metres; the part above the horizon is cut off.

        ring_px: (N, 2) open or closed ring of pixels as seen. Returns an empty polygon when nothing of it lies
        below the horizon. The result is not yet made valid.
        """
        ring = self._below_horizon(self.undistort(ring_px))
        if len(ring) < 3:
            return shapely.Polygon()
        return shapely.Polygon(frame.to_metres(self.homography.to_3857(ring)))

    def view_3857(self, max_range_m: float) -> shapely.Geometry:
        """The ground that this camera sees and that may be believed, as a polygon in EPSG:3857.

        The image without its outermost margin, below the horizon, within `max_range_m` true metres of the camera
        (of the nearest visible ground when the pose is unknown).
        """
        if max_range_m <= 0:
            raise ValueError(f"max_range_m must be positive, got {max_range_m:g}")
        frame = self.frame
        width, height = self.image_size
        margin = BORDER_MARGIN * width
        border = shapely.segmentize(
            shapely.box(margin, margin, width - margin, height - margin), BORDER_STEP_PX
        )
        ground = self.ring_to_ground_m(shapely.get_coordinates(border)[:-1], frame)
        centre = shapely.Point(0, 0) if self.pose else shapely.Point(self._nearest_ground_m(frame))
        return frame.geometry_to_3857(intersection(ground, centre.buffer(max_range_m, quad_segs=32)))

    def _nearest_ground_m(self, frame: LocalFrame) -> Float:
        """The ground under the image's bottom centre, (2,)."""
        width, height = self.image_size
        return np.asarray(frame.to_metres(self.px_to_3857([[width / 2, height]]))[0])

    def _below_horizon(self, ring: Float) -> Float:
        """Clip an undistorted ring (N, 2) to the pixels whose ground is not absurdly far (Sutherland-Hodgman)."""
        w = self.homography.denominator(ring)
        width, height = self.image_size
        corners = self.undistort([[0, 0], [width, 0], [width, height], [0, height]])
        limit = float(np.nanmax(self.homography.denominator(corners))) / HORIZON_LIMIT
        if np.all(w >= limit):
            return ring
        kept: list[Float] = []
        for i in range(len(ring)):
            here, there = w[i - 1], w[i]
            if (here >= limit) != (there >= limit):
                kept.append(ring[i - 1] + (ring[i] - ring[i - 1]) * (limit - here) / (there - here))
            if there >= limit:
                kept.append(ring[i])
        return np.array(kept).reshape(-1, 2)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; `from_json` gives the same calibration back, to the last bit."""
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "image_size": list(self.image_size),
            "srid": 3857,
            "parameters": list(self.homography.parameters),
            "lens": self.lens
            and {
                "model": "division",
                "k": self.lens.k,
                "centre_px": list(self.lens.centre_px),
                "radius_px": self.lens.radius_px,
            },
            "pose": self.pose
            and {
                "ground_3857": list(self.pose.ground_3857),
                "height_m": self.pose.height_m,
                "focal_px": self.pose.focal_px,
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what `to_json` wrote; further keys are ignored. Raises ValueError naming what is wrong."""
        try:
            if data.get("format", FORMAT) != FORMAT or data.get("srid", 3857) != 3857:
                raise ValueError(
                    f"format {data.get('format')!r}, srid {data.get('srid')!r}: need {FORMAT} and 3857"
                )
            width, height = (int(v) for v in data["image_size"])
            a = [float(v) for v in data["parameters"]]
            lens, pose = data.get("lens"), data.get("pose")
            if lens and lens.get("model", "division") != "division":
                raise ValueError(f"lens model {lens['model']!r}: only 'division' is known")
            return cls(
                image_size=(width, height),
                homography=Homography(tuple(a)),  # type: ignore[arg-type]
                lens=RadialLens(float(lens["k"]), _pair(lens["centre_px"]), float(lens["radius_px"]))
                if lens
                else None,
                pose=CameraPose(_pair(pose["ground_3857"]), float(pose["height_m"]), float(pose["focal_px"]))
                if pose
                else None,
                name=str(data.get("name", "")),
                version=int(data.get("version", 0)),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a calibration: {type(error).__name__} {error}") from error


def _pair(values: Any) -> tuple[float, float]:
    x, y = values
    return float(x), float(y)


def calibration_from_pose(
    image_size: tuple[int, int],
    *,
    ground_3857: tuple[float, float],
    height_m: float,
    focal_px: float,
    yaw_deg: float,
    pitch_deg: float,
    roll_deg: float = 0.0,
    k: float = 0.0,
    name: str = "",
) -> Calibration:
    """The exact calibration of a camera whose place is known, as that of the simulated street.

    Yaw clockwise from north, pitch positive looking down; `k` is the lens parameter of `RadialLens.for_image`.
    """
    pose = CameraPose(ground_3857, height_m, focal_px)
    homography = homography_from_pose(
        image_size, pose, yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg
    )
    lens = RadialLens.for_image(k, image_size) if k else None
    return Calibration(image_size, homography, lens, pose, name)

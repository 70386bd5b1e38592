# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may be kept of a camera's view to know it again: keypoints and descriptors, never a picture.

A reference holds a few *looks* of one view: the same street at noon, at dusk and under lamps has hardly a descriptor in
common. All positions are pixels of the reference view, so a look learned while the camera had crept by a pixel does not
carry that pixel on.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_KEYPOINTS", "Features", "Look", "ViewReference"]

Float = NDArray[np.float64]
Bytes = NDArray[np.uint8]

#: With fewer keypoints than this a picture shows nothing that could be known again.
LEAST_KEYPOINTS = 60
MAX_LOOKS = 8
FORMAT = 1


@dataclass(frozen=True)
class Features:
    """Keypoints of one frame: px (N, 2) float64 pixels as seen, strongest first; descriptors (N, 32) uint8.

    brightness: mean grey value, 0 to 255. sharpness: standard deviation of the Laplacian of the picture at the
    working width, grey values. image_size: (width, height).
    """

    px: Float
    descriptors: Bytes
    image_size: tuple[int, int]
    brightness: float
    sharpness: float

    def __len__(self) -> int:
        return len(self.px)


@dataclass(frozen=True)
class Look:
    """One appearance of the view. px (N, 2) float64, pixels as seen, in the place of the reference.

    generation: how many looks lie between it and the first one; each adds a little to the error of where its keypoints
    are.
    """

    px: Float
    descriptors: Bytes
    generation: int = 0


@dataclass(frozen=True)
class ViewReference:
    """The looks of one calibrated view, the first one taken with the calibration itself."""

    image_size: tuple[int, int]
    looks: tuple[Look, ...]

    def with_look(self, look: Look) -> ViewReference:
        """With one look more; when there are many, in place of the oldest but one. The first one stays."""
        kept = self.looks if len(self.looks) < MAX_LOOKS else (self.looks[0], *self.looks[2:])
        return ViewReference(self.image_size, (*kept, look))

    def to_bytes(self) -> bytes:
        """For the database: a compressed NumPy archive of positions and descriptors."""
        sizes = [len(look.px) for look in self.looks]
        generations = [look.generation for look in self.looks]
        stored = io.BytesIO()
        np.savez_compressed(
            stored,
            format=np.array(FORMAT),
            image_size=np.array(self.image_size),
            sizes=np.array(sizes),
            generations=np.array(generations),
            px=np.concatenate([look.px for look in self.looks]).astype(np.float32),
            descriptors=np.concatenate([look.descriptors for look in self.looks]),
        )
        return stored.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ViewReference:
        """Read what `to_bytes` wrote. Raises ValueError when it is something else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                form = int(stored["format"])
                ends = np.cumsum(stored["sizes"])[:-1]
                px = np.split(stored["px"].astype(np.float64), ends)
                descriptors = np.split(stored["descriptors"], ends)
                generations = stored["generations"].tolist()
                width, height = stored["image_size"].tolist()
        except (KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"not a view reference: {type(error).__name__} {error}") from error
        if form != FORMAT:
            raise ValueError(f"a view reference of format {form}; this version reads {FORMAT}")
        looks = tuple(Look(*parts) for parts in zip(px, descriptors, generations, strict=True))
        return cls((int(width), int(height)), looks)

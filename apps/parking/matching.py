# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of two layouts' spaces are the same place. Pure: shapely only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

__all__ = ["SAME_PLACE_IOU", "same_places"]

#: Two rectangles are the same place when their intersection over union reaches this.
SAME_PLACE_IOU = 0.5


def same_places(before: Sequence[shapely.Polygon], after: Sequence[shapely.Polygon]) -> list[tuple[int, int]]:
    """Pairs (index before, index after) of polygons that are the same place, one-to-one, best overlap first.

    Both in one planar CRS. The ratio of two areas at one place is the same in EPSG:3857 as in true metres, since the
    stretch cancels. Spaces of one layout do not overlap each other, so a polygon has more than half of its union with
    at most one of the other layout, and taking the best pairs first is also the best assignment.
    """
    if not before or not after:
        return []
    old_index, new_index = shapely.STRtree(after).query(before, predicate="intersects")
    old_shapes, new_shapes = (
        np.array(before, dtype=object)[old_index],
        np.array(after, dtype=object)[new_index],
    )
    overlap = shapely.area(old_shapes)
    moved = ~shapely.equals_exact(old_shapes, new_shapes)  # most stay where they were, to the bit
    overlap[moved] = shapely.area(shapely.intersection(old_shapes[moved], new_shapes[moved]))
    union = shapely.area(old_shapes) + shapely.area(new_shapes) - overlap
    same = (union > 0) & (overlap >= SAME_PLACE_IOU * union)
    iou = overlap[same] / union[same]
    candidates = zip((-iou).tolist(), old_index[same].tolist(), new_index[same].tolist(), strict=True)
    pairs, used_before, used_after = [], set(), set()
    for _, old, new in sorted(candidates):
        if old not in used_before and new not in used_after:
            pairs.append((old, new))
            used_before.add(old)
            used_after.add(new)
    return pairs

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page of an evaluation: tables, reliability diagrams, and pictures of the images that went most wrong."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from camera_registry.footprint import cars_on_ground
from workers.segmentation.images import read_image
from workers.segmentation.protocol import CarMask, Segmenter
from workers.training.acpds import StallPhoto
from workers.training.counts import Counts
from workers.training.dataset import LabelledImage
from workers.training.judge_spaces import FoundSpaces
from workers.training.judge_stalls import Stall

__all__ = ["Picture", "draw_cars", "draw_stalls", "write_page"]

Colour = tuple[int, int, int]
#: Blue, green, red.
TRUE: Colour = (80, 200, 80)
FOUND: Colour = (255, 220, 0)
GROUND: Colour = (0, 230, 255)
MISSED: Colour = (255, 0, 255)
FALSE: Colour = (0, 130, 255)
OFFERED: Colour = (60, 255, 60)
PICTURE_WIDTH = 1100
JPEG_QUALITY = 80
DIAGRAM_SIDE = 260

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums }
td, th { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ccc } td:first-child, th:first-child { text-align: left }
img { max-width: 100%; height: auto } figure { margin: 1.5rem 0 } figcaption { color: #555 }
svg { background: #f6f6f6 } .bar { fill: #3b6ea8 } .line { stroke: #999; stroke-dasharray: 4 }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #181818 } figcaption { color: #aaa }
  td, th { border-color: #444 } svg { background: #252525 } .bar { fill: #7fb0e8 } }
"""


@dataclass(frozen=True)
class Picture:
    """A drawn image, JPEG, and what to see in it."""

    title: str
    caption: str
    jpeg: bytes


def draw_cars(labelled: LabelledImage, segmenter: Segmenter, threshold: float, counts: Counts) -> Picture:
    """True outlines and found ones."""
    image, rings = labelled.read()
    cars = [car for car in segmenter.segment([image])[0] if car.score >= threshold]
    for ring in rings:
        _outline(image, ring, TRUE)
    for car in cars:
        for ring in car.polygons:
            _outline(image, ring, FOUND)
    caption = (
        f"{counts.false_positives} false, {counts.false_negatives} missed. Green: true outlines; cyan: found."
    )
    return Picture(labelled.image.name, caption, _jpeg(image))


def draw_stalls(
    photo: StallPhoto,
    cars: Sequence[CarMask],
    stalls: Sequence[Stall],
    calibration: Calibration | None,
    spaces: Sequence[FoundSpaces],
) -> Picture:
    """Stalls that were called wrongly, the footprints they were called by, and the spaces that the pipeline offers."""
    image = read_image(photo.path)
    quads = photo.quads * (image.shape[1], image.shape[0])
    for car in cars:
        for ring in car.polygons:
            _outline(image, ring, FOUND, 1)
    if calibration is not None:
        ground = cars_on_ground([car.polygons for car in cars], calibration, calibration.frame)
        for found in ground:
            if found is not None:
                _ground(image, found.footprint_m, calibration, GROUND, 1)
        for row in spaces:
            for space in row.spaces_m:
                _ground(image, space, calibration, OFFERED, 2)
    wrong = [s for s in stalls if s.ground_says != s.occupied]
    for s in wrong:
        _outline(image, quads[s.number], MISSED if s.occupied else FALSE, 4)
    missed = sum(s.occupied for s in wrong)
    caption = (
        f"{missed} occupied stalls missed (magenta), {len(wrong) - missed} empty ones called occupied (orange), of "
        f"{len(stalls)}. Cyan: masks; yellow: footprints; green: offered spaces."
    )
    if calibration is None:
        caption += " No believable pose: judged by raw masks."
    return Picture(photo.path.name, caption, _jpeg(image))


def _ground(
    image: NDArray[np.uint8], shape_m: shapely.Geometry, calibration: Calibration, colour: Colour, width: int
) -> None:
    for part in shapely.get_parts(shape_m):
        ring_m = shapely.get_coordinates(shapely.segmentize(part.exterior, 0.5))
        ring = calibration.xy_3857_to_px(calibration.frame.to_3857(ring_m))
        if np.isfinite(ring).all():
            _outline(image, ring, colour, width)


def _outline(image: NDArray[np.uint8], ring: NDArray[np.float64], colour: Colour, width: int = 2) -> None:
    cv2.polylines(image, [np.round(ring).astype(np.int32)], True, colour, width, cv2.LINE_AA)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    scale = min(1.0, PICTURE_WIDTH / image.shape[1])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())


def write_page(
    path: Path,
    model: str,
    tables: dict[str, list[dict[str, Any]]],
    diagrams: dict[str, list[dict[str, Any]]],
    pictures: Sequence[Picture],
) -> None:
    """One HTML file that needs nothing else."""
    parts = [f"<h1>{html.escape(model)}</h1>"]
    for title, rows in tables.items():
        parts.append(f"<h2>{html.escape(title)}</h2>{_table(rows)}")
    if diagrams:
        parts.append("<h2>Do scores mean what they say?</h2>")
        parts.append("<p>Height: the share that is right; dashed: what the score promises.</p>")
        parts += [
            f"<figure>{_diagram(rows)}<figcaption>{html.escape(title)}</figcaption></figure>"
            for title, rows in diagrams.items()
        ]
    if pictures:
        parts.append("<h2>Where it went most wrong</h2>")
        parts += [_figure(picture) for picture in pictures]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {html.escape(model)}</title><style>{STYLE}</style><main>{''.join(parts)}</main></html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _table(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else html.escape(str(value))


def _diagram(rows: list[dict[str, Any]]) -> str:
    side = DIAGRAM_SIDE
    bars = "".join(
        f'<rect class="bar" x="{side * row["low"]:.1f}" y="{side * (1 - row["right"]):.1f}" '
        f'width="{side * (row["high"] - row["low"]) - 2:.1f}" height="{side * row["right"]:.1f}">'
        f"<title>{row['count']} of score {row['low']:.1f} to {row['high']:.1f}: {row['right']:.2f} right</title></rect>"
        for row in rows
    )
    return (
        f'<svg viewBox="0 0 {side} {side}" width="{side}" height="{side}" role="img" aria-label="reliability">'
        f'{bars}<line class="line" x1="0" y1="{side}" x2="{side}" y2="0"/></svg>'
    )


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.jpeg).decode("ascii")
    title, caption = html.escape(picture.title), html.escape(picture.caption)
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{title}, {caption}" loading="lazy">'
        f"<figcaption><b>{title}</b>: {caption}</figcaption></figure>"
    )

# SPDX-License-Identifier: AGPL-3.0-or-later
"""From JPEG bytes to outlines of a 1920 × 1080 frame on two cores: by stage, by input size, by engine, one and many.

The shipped model needs nothing but the light set. Where torch and Ultralytics are installed too, the same weights run
through both engines and through Ultralytics' own way with masks, and YOLOv9e-seg, the paper's model, is built with random
weights (they cost the same), exported and timed at 640. `SPARK_BASE_WEIGHTS` names the .pt
file for the former, with the classes of COCO.

Wall times need a quiet machine; processor time (all threads) says more on a busy one.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from apps.demo.dataset import generate
from workers.segmentation import load_segmenter
from workers.segmentation.openvino import OpenVinoSegmenter

Rows = list[dict[str, Any]]

CORES = 2
LONG_SIDES = (640, 960, 1280, 1600)
BATCHES = (1, 4, 16)
JPEG_QUALITY = 85
PAPER_S = 0.62
THRESHOLD = 0.45
COCO_VEHICLES = (2, 5, 7)


def run(quick: bool) -> dict[str, Rows]:
    """Tables; those with torch only where it is installed."""
    rendered = next(iter(generate(1, seed=3, light="day", size=(1920, 1080))))
    jpeg = cv2.imencode(".jpg", rendered.frame.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    repeats = 5 if quick else 20
    tables = {
        "shipped model by input size, two threads": [
            stages(OpenVinoSegmenter(long_side=side, threads=CORES), jpeg, repeats, side)
            for side in LONG_SIDES
        ],
        "shipped model, one thread": [stages(OpenVinoSegmenter(threads=1), jpeg, repeats, 1280)],
        "batches, shipped model": batches(jpeg, repeats),
    }
    if importlib.util.find_spec("torch") and importlib.util.find_spec("ultralytics"):
        tables |= with_torch(jpeg, repeats)
    else:
        tables["engines"] = [{"engine": "ultralytics", "note": "torch is not installed here"}]
    return tables


def decode(jpeg: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame (H, W, 3) BGR."""
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def stages(segmenter: OpenVinoSegmenter, jpeg: NDArray[np.uint8], repeats: int, side: int) -> dict[str, Any]:
    """Medians over `repeats` frames after one to warm up, wall milliseconds; cpu ms of it all."""
    segmenter.warm_up()
    rows, cars = [], 0
    for _ in range(repeats):
        start, cpu = perf_counter(), process_time()
        image = decode(jpeg)
        decoded = perf_counter()
        cars = len(segmenter.segment([image])[0])
        done, spent = perf_counter(), process_time() - cpu
        times = segmenter.times
        rows.append(
            (
                (decoded - start) * 1e3,
                times.letterbox_ms,
                times.network_ms,
                times.masks_ms,
                (done - start) * 1e3,
                spent * 1e3,
            )
        )
    decode_ms, letterbox, network, masks, total, cpu_ms = np.median(rows, axis=0).tolist()
    return {
        "long side": side,
        "cars": cars,
        "decode ms": decode_ms,
        "letterbox ms": letterbox,
        "network ms": network,
        "masks ms": masks,
        "total ms": total,
        "not network %": 100 * (total - network) / total,
        "cpu ms": cpu_ms,
    }


def batches(jpeg: NDArray[np.uint8], repeats: int) -> Rows:
    """Frames a second through the whole way, batched, against the network alone."""
    segmenter = OpenVinoSegmenter(threads=CORES)
    segmenter.warm_up()
    rows = []
    for size in BATCHES:
        totals, networks = [], []
        for _ in range(max(2, repeats // size)):
            start = perf_counter()
            segmenter.segment([decode(jpeg) for _ in range(size)])
            totals.append((perf_counter() - start) * 1e3 / size)
            networks.append(segmenter.times.network_ms / size)
        total, network = float(np.median(totals)), float(np.median(networks))
        rows.append(
            {
                "batch": size,
                "ms per frame": total,
                "frames a second": 1e3 / total,
                "of the network alone, %": 100 * network / total,
            }
        )
    return rows


def with_torch(jpeg: NDArray[np.uint8], repeats: int) -> dict[str, Rows]:
    """Both engines on the same weights, and the paper's model."""
    from workers.segmentation.quiet import import_ultralytics
    from workers.training.export import export_onnx

    library = import_ultralytics()
    tables: dict[str, Rows] = {}
    with tempfile.TemporaryDirectory() as folder:
        base = os.environ.get("SPARK_BASE_WEIGHTS")
        if base:
            onnx = export_onnx(Path(base), Path(folder) / "base.onnx")
            rows = engine_rows(Path(base), onnx, 1280, jpeg, repeats)
            rows.append(
                _timed("Ultralytics' own way with masks", _own_way(library, base, 1280), jpeg, repeats)
            )
            tables[f"engines, {Path(base).stem} at 1280"] = _against_first(rows)
        built = Path(folder) / "yolov9e-seg.pt"
        library.YOLO("yolov9e-seg.yaml").save(str(built))
        onnx = export_onnx(built, Path(folder) / "yolov9e-seg.onnx")
        rows = engine_rows(built, onnx, 640, jpeg, max(3, repeats // 4))
        for row in rows:
            row["of the paper's 0.62 s"] = row["ms"] / 1e3 / PAPER_S
        tables["YOLOv9e-seg (random weights) at 640"] = _against_first(rows)
    return tables


def engine_rows(weights: Path, onnx: Path, side: int, jpeg: NDArray[np.uint8], repeats: int) -> Rows:
    """The openvino engine first."""
    fast = load_segmenter(onnx, THRESHOLD, "openvino", classes=COCO_VEHICLES, long_side=side, threads=CORES)
    torch = load_segmenter(
        weights, THRESHOLD, "ultralytics", classes=COCO_VEHICLES, long_side=side, threads=CORES
    )
    return [
        _timed("openvino", lambda image: fast.segment([image]), jpeg, repeats),
        _timed("ultralytics (torch)", lambda image: torch.segment([image]), jpeg, repeats),
    ]


def _own_way(library: Any, weights: str, side: int) -> Callable[[Any], Any]:
    model = library.YOLO(weights)

    def predict(image: Any) -> Any:
        (result,) = model.predict(image, imgsz=side, conf=THRESHOLD, verbose=False, retina_masks=True)
        return result.masks.xy if result.masks is not None else []

    return predict


def _timed(
    name: str, work: Callable[[NDArray[np.uint8]], Any], jpeg: NDArray[np.uint8], repeats: int
) -> dict[str, Any]:
    work(decode(jpeg))
    wall, cpu = [], []
    for _ in range(repeats):
        start, spent = perf_counter(), process_time()
        work(decode(jpeg))
        wall.append((perf_counter() - start) * 1e3)
        cpu.append((process_time() - spent) * 1e3)
    return {"engine": name, "ms": float(np.median(wall)), "cpu ms": float(np.median(cpu))}


def _against_first(rows: Rows) -> Rows:
    for row in rows:
        row["times the first"] = row["ms"] / rows[0]["ms"]
        row["times its cpu"] = row["cpu ms"] / rows[0]["cpu ms"]
    return rows

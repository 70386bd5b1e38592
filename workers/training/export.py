# SPDX-License-Identifier: AGPL-3.0-or-later
"""From trained weights (.pt) to the ONNX file that the CPU engine reads: any batch, any input size."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from workers.segmentation.protocol import SegmentationError, WeightsError
from workers.segmentation.quiet import import_ultralytics
from workers.training.blend import write_blend

OPSET = 17
MAX_SHIPPED_BYTES = 15_000_000  # what may lie in the repository


def export_onnx(
    weights: Path, output: Path, older: Path | None = None, masks_end_at: float | None = None
) -> Path:
    """Write `output` and return it; older, masks_end_at: see `blend`.

    Raises WeightsError for a missing file, SegmentationError without Ultralytics.
    """
    for path in (weights, older):
        if path is not None and not Path(path).is_file():
            raise WeightsError(f"no weights at {path}")
    try:
        library = import_ultralytics()
    except ImportError as error:
        raise SegmentationError(
            f"exporting needs ultralytics ({error}): pip install -r requirements.txt"
        ) from error
    output = Path(output)
    with tempfile.TemporaryDirectory() as folder:  # Ultralytics writes beside the weights
        copy = Path(folder) / "model.pt"
        if older is None and masks_end_at is None:
            shutil.copy(weights, copy)
        else:
            write_blend(weights, copy, older, masks_end_at)
        model = library.YOLO(str(copy), task="segment")
        written = model.export(
            format="onnx", dynamic=True, simplify=True, opset=OPSET, imgsz=(736, 1280), device="cpu"
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(written, output)
    _rewrite_notes(output)
    return output


def _rewrite_notes(path: Path) -> None:
    """Keep what the engines read; drop the date and the description, in which Ultralytics names folders of this machine."""
    import onnx

    model = onnx.load(str(path))
    notes = {note.key: note.value for note in model.metadata_props}
    kept = {key: notes[key] for key in ("names", "stride", "task", "version", "license") if key in notes}
    onnx.helper.set_model_props(model, {"description": "YOLO segmentation, exported by SPARK", **kept})
    onnx.save(model, str(path))

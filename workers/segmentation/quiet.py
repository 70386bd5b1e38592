# SPDX-License-Identifier: AGPL-3.0-or-later
"""Importing the inference libraries without their telemetry.

OpenVINO and NNCF report each import to its makers unless a file in the user's home says no, and Ultralytics each run unless a
settings file does. A parking camera's server should talk to nobody by itself, and SPARK should not write into the
home of the user who runs it, so both are switched off in the process. Tests hold this.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType


def import_openvino() -> ModuleType:
    """OpenVINO, its telemetry client replaced by the do-nothing stand-in it carries itself."""
    if "openvino" not in sys.modules:
        # None in sys.modules makes "import openvino_telemetry" fail, which OpenVINO takes as "not installed".
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def import_ultralytics() -> ModuleType:
    """Ultralytics with its analytics off and without its habit of installing packages while running."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    import ultralytics
    from ultralytics.utils import events

    events.events.enabled = False
    return ultralytics


def import_nncf() -> ModuleType:
    """NNCF, which quantises networks; it reports through the same client as OpenVINO, and finds none."""
    import_openvino()
    import nncf

    return nncf

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers that strangers send as text. Pure."""

from __future__ import annotations

import math

__all__ = ["NumberRefused", "finite_number"]


class NumberRefused(ValueError):
    """Text that is no finite number; the message says what to send instead."""


def finite_number(text: str, wanted: str) -> float:
    """The number in `text`. Raises NumberRefused; `wanted` ends its sentence, e.g. "degrees such as 35.4872"."""
    # float() also takes "1_0" and digits of other scripts, which no client means.
    if not text.strip() or not text.isascii() or "_" in text:
        raise NumberRefused(f"“{text[:40]}” is no number; send {wanted}.")
    try:
        value = float(text)
    except ValueError:
        raise NumberRefused(f"“{text[:40]}” is no number; send {wanted}.") from None
    if not math.isfinite(value):
        raise NumberRefused(f"“{text[:40]}” is not a finite number; send {wanted}.")
    return value

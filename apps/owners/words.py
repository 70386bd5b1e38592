# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mask page's script says, and what is wrong with a mask, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from camera_registry.privacy_mask import MAX_CORNERS, MAX_POLYGONS, MaskError

__all__ = ["mask_error", "mask_page_words"]


def mask_page_words() -> dict[str, str]:
    """By name; words in braces are filled in by the script."""
    return {
        "waiting": _("Waiting for the camera's next picture …"),
        "late": _(
            "Nothing has come yet. Is the camera switched on here, and does it send? Its page says more."
        ),
        "arrived": _(
            "Tap the corners of what must not be seen. Tap the first corner again to close the shape."
        ),
        "nothing": _("No picture yet."),
        "saved": _("Saved. From the next picture on this is black, and the picture you drew on is gone."),
        "cleared": _("Saved: nothing is covered."),
        "unsaved": _("Not saved yet."),
        "shapes": _("Shapes: {n}"),
        "corner": _("Shape {shape}, corner {corner}: arrows move it, Delete takes it away"),
        "midpoint": _("New corner in shape {shape}"),
        "whole": _("Shape {shape}: arrows move it whole, Delete takes it away"),
        "drawing": _("Corner {n} set."),
        "closed": _("Shape {shape} is closed."),
        "removed": _("Shape {shape} is gone."),
        "crosses": _("Shape {shape} crosses itself: move a corner."),
        "tooMany": _("There are as many shapes as can be kept."),
        "offline": _("The server cannot be reached; nothing was saved. Try again."),
        "lost": _("You are logged out, or this camera is no longer yours. Log in again in another tab."),
    }


def mask_error(error: MaskError) -> str:
    """One sentence: what is wrong, and with which shape."""
    words = {
        "not_a_mask": _("This is no mask."),
        "too_many": _("At most %(most)d shapes can be kept.") % {"most": MAX_POLYGONS},
        "all_covered": _("The mask leaves hardly anything of the picture; uncover the street."),
        "other_shape": _("The mask was drawn on a picture of another shape; draw it again."),
        "corners": _("Shape %(shape)d needs 3 to %(most)d corners.")
        % {"shape": error.shape, "most": MAX_CORNERS},
        "not_numbers": _("This is no mask."),
        "crosses": _("Shape %(shape)d crosses itself: move a corner.") % {"shape": error.shape},
        "too_small": _("Shape %(shape)d is too small to cover anything.") % {"shape": error.shape},
    }
    return words.get(error.code, str(error))

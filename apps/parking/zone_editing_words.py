# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word that the zone editor's script says, for Django's translations; `{n}` and the like are filled in there."""

from __future__ import annotations

from django.utils.translation import gettext as _

__all__ = ["page_words"]


def page_words() -> dict[str, str]:
    """Words by name, in the request's language."""
    return _prompts() | _lines() | _facts()


def _prompts() -> dict[str, str]:
    """What to do next, and what became of it."""
    return {
        "withKeys": _("With the keyboard: arrows move the map, Enter sets a corner under the cross."),
        "clickOutline": _("Click the corners of the ground where cars may stand."),
        "nextCorner": _("And the next corner."),
        "closeOutline": _("Go on, or click the first corner again (or F) to close the outline."),
        "clickKerb": _("Click the points of the line that cars line up along."),
        "clickAccess": _("Click the points of a side across which cars drive in."),
        "endLine": _("Go on, or click the last point again (or F) to end the line."),
        "clickCut": _("Draw a line across the zone, from outside to outside."),
        "endCut": _("Click where the cut ends, then click there again (or F)."),
        "dragZone": _("Drag the zone, or move it with the arrow keys; kerb and access edges go along."),
        "noOutline": _("This zone has no outline yet."),
        "dragCorners": _(
            "Drag corners; drag the small knobs between them to insert one. Alt holds snapping off."
        ),
        "saving": _("Saving …"),
        "tickZones": _("Tick the zones that are to become one with this one."),
        "loggedOut": _(
            "You are logged out, or may no longer change this zone. Log in again in another tab; your drawing stays here."
        ),
        "serverAnswered": _("The server answered {status}; your drawing stays here."),
    }


def _lines() -> dict[str, str]:
    """The lines of a zone and their corners."""
    return {
        "outline": _("outline"),
        "hole": _("hole {number}"),
        "kerb": _("kerb"),
        "accessEdge": _("access edge {number}"),
        "lineHas": _("{line} · {count} corners"),
        "deleteLine": _("Delete: {line}"),
        "cornerIs": _("Corner {number} of {count}, {line}: {lon}, {lat}"),
        "lastCorners": _("the last ones cannot be deleted"),
        "insertCorner": _("Drag or click to insert a corner"),
    }


def _facts() -> dict[str, str]:
    """What is said of the drawn zone and of what lies around it."""
    return {
        "show": _("Show"),
        "showPlace": _("Show the place: {words}"),
        "ground": _("Ground"),
        "areaAndWidth": _("{area} m², {width} m at its widest"),
        "ruler": _("Ruler"),
        "slotsAlongKerb": _("room for {count} in one row along the kerb, without any car"),
        "slotsAlongEdge": _("room for {count} in one row along the longest edge, without any car"),
        "cameras": _("Cameras"),
        "noneSees": _("none sees it: it will stay unknown"),
        "seenBy": _("seen by {name}"),
        "zoneIsOff": _("{name} (switched off)"),
        "zoneIsProposed": _("{name} (proposed)"),
    }

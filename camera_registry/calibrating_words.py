# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word that the calibrating page's script says, for Django's translations; `{n}` and the like are filled in there."""

from __future__ import annotations

from django.utils.translation import gettext as _

__all__ = ["page_words"]


def page_words() -> dict[str, str]:
    """Words by name, in the request's language."""
    return _frame() | _points() | _heights() | _worth()


def _frame() -> dict[str, str]:
    """The picture, the map, and where things come from."""
    return {
        "waitingForFrame": _("Waiting for the camera's next frame …"),
        "frameKept": _(
            "{width} × {height} px. The frame is kept for half an hour at most, and goes when you save or leave."
        ),
        "otherThanUsed": _(
            "The version in use is for {width} × {height} px: from saving on, only frames of the new size are accepted."
        ),
        "otherThanPicked": _(
            "These points were picked on a picture of {width} × {height} px; this one has another size."
        ),
        "tooLarge": _("The file is larger than {mb} MB."),
        "loggedOut": _(
            "You are logged out, or may no longer change this camera. Log in again in another tab."
        ),
        "serverAnswered": _("The server answered {status}."),
        "version": _("version {version}: {count} points, {width} × {height}"),
        "longer": _("arrows {factor} × longer than the residuals"),
        "horizon": _("horizon"),
        "camera": _("camera"),
    }


def _points() -> dict[str, str]:
    """Points in both panes and in the table, and what to do next."""
    return {
        "frameFirst": _("Take a reference frame first."),
        "clickSomething": _("Click something on the ground in the picture, then the same place on the map."),
        "nowOnMap": _("Point {name}: now the same place on the map."),
        "nowInPicture": _("Point {name}: now the same place in the picture."),
        "pointInPicture": _("Point {name} in the picture"),
        "pointOnMap": _("Point {name} on the map"),
        "pixelIs": _("pixel {x}, {y}"),
        "halfMissing": _("its other half is missing"),
        "notUsed": _("not used"),
        "residualIs": _("residual {px} pixels, {m} metres"),
        "disagrees": _("does not agree"),
        "refused": _("refused"),
        "checkOnly": _("check only"),
        "name": _("Name"),
        "pixel": _("Pixel x, y"),
        "lonlat": _("Longitude, latitude"),
        "ofPoint": _("{what} of point {name}"),
        "usePoint": _("Use point {name}"),
        "deletePoint": _("Delete point {name}"),
        "delete": _("Delete"),
        "twoNumbersPx": _("Two numbers: x, y"),
        "twoNumbersLonlat": _("Two numbers: longitude, latitude in degrees"),
        "howStrongly": _("How strongly the others speak against this point"),
    }


def _heights() -> dict[str, str]:
    """Things of known height."""
    return {
        "clickFoot": _("Click the foot of something upright, where it stands on the ground. Esc ends this."),
        "clickTop": _("{name}: now its top. Esc ends this."),
        "footOf": _("Foot of {name}"),
        "topOf": _("Top of {name}"),
        "foot": _("Foot x, y"),
        "top": _("Top x, y"),
        "metres": _("Height, m"),
        "ofHeight": _("{what} of {name}"),
        "useHeight": _("Use {name}"),
        "deleteHeight": _("Delete {name}"),
        "oneNumber": _("A number of metres, such as 4.5"),
    }


def _worth() -> dict[str, str]:
    """What the calibration is worth."""
    return {
        "fourFit": _("Four points fit exactly, which proves nothing yet."),
        "good": _("Good: off by {others} m where the others must find a point (fit {fit} m)."),
        "fair": _("Fair: off by {others} m where the others must find a point (fit {fit} m)."),
        "poor": _("Poor: off by {others} m where the others must find a point (fit {fit} m)."),
        "rmse": _("RMSE"),
        "leaveOneOut": _("Leave-one-out"),
        "condition": _("Condition number"),
        "lensTerm": _("Lens term"),
        "none": _("none"),
        "cameraHeight": _("Camera height"),
        "cameraPlace": _("Camera place"),
        "fieldOfView": _("Field of view"),
        "unknown": _("unknown"),
        "entered": _("entered"),
        "withoutBend": _("{degrees}°, without the lens's bend"),
        "notSeen": _("not seen"),
        "errorUpTo": _("error up to {m} m"),
        "zoneIs": _("{zone}: {share} % in view, {worst}"),
    }

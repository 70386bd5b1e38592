# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word that the page's script says, for Django's translations.

`{n}` and other words in braces are filled in by the script; entries with "one" and "other" follow the language's
plural rules.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

__all__ = ["page_strings"]


def page_strings() -> dict[str, Any]:
    """Strings by name, in the request's language."""
    return {
        "spacesFree": {"one": _("{n} free space"), "other": _("{n} free spaces")},
        "noneFree": _("No free space"),
        "nothingKnown": _("Nothing known right now"),
        "noZones": _("No parking zones here"),
        "noZonesHint": _("Move the map, or show all zones."),
        "loading": _("Looking for free spaces …"),
        "zonesKnown": _("{known} of {all} zones known"),
        "zoneFree": _("{n} free"),
        "zoneFull": _("Full"),
        "zoneUnknown": _("Unknown"),
        "zoneNeverSeen": _("no camera has seen it yet"),
        "zoneLastSeen": _("last seen {age}"),
        "zoneUncertain": _("too little of it is seen"),
        "seen": _("seen {age}"),
        "ageNow": _("just now"),
        "ageSeconds": _("{n} s ago"),
        "ageMinutes": _("{n} min ago"),
        "ageHours": _("{n} h ago"),
        "ageDays": {"one": _("{n} day ago"), "other": _("{n} days ago")},
        "parallel": _("along the kerb"),
        "perpendicular": _("at a right angle to the kerb"),
        "diagonal": _("at an angle to the kerb"),
        "free": _("any way round"),
        "residents": _("Residents only"),
        "size": _("{length} × {width}\u00a0m"),
        "percent": _("{n}\u00a0%"),
        "space": _("Space {n}"),
        "freeSpace": _("Free space"),
        "sure": _("{n} % sure"),
        "hidden": _("{n} % of it stands behind a parked car"),
        "gone": _("This space is no longer free"),
        "goneHint": _("A car stands there now, or one is in the way."),
        "ranOut": _("This space may be taken by now"),
        "ranOutHint": _("No camera has seen it for a while, so nobody knows."),
        "zoomIn": _("Zoom in to see the single spaces."),
        "offline": _("No connection. Last news {age}; spaces disappear as they get old."),
        "serverTrouble": _("The server does not answer. Last news {age}; spaces disappear as they get old."),
        "neverConnected": _("No connection to the server yet; trying again."),
        "dataOld": _("The cameras are silent: the newest picture is from {age}."),
        "expandList": _("Show the list"),
        "collapseList": _("Hide the list"),
        "showAll": _("Show all zones"),
        "zoomInLabel": _("Zoom in"),
        "zoomOutLabel": _("Zoom out"),
        "announce": _("{spaces}, {zones}"),
        "updatedAt": _("seen {age}"),
    }

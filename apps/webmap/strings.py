# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word that the page's script says, for Django's translations.

`{n}` and other words in braces are filled in by the script; entries with "one" and "other" follow the language's
plural rules.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

__all__ = ["app_strings", "page_strings"]


def page_strings() -> dict[str, Any]:
    """Strings by name, in the request's language."""
    return (
        _what_is_free()
        | _single_space()
        | _near_me()
        | _search()
        | _own_car()
        | _watching()
        | _left_car()
        | _links()
        | _map()
        | _app()
    )


def app_strings() -> dict[str, str]:
    """The app's name and what it is, for its web manifest."""
    return {
        "name": _("SPARK: free parking now"),
        "description": _("Free parking on streets without marked stalls, seen by cameras seconds ago."),
    }


def _what_is_free() -> dict[str, Any]:
    """Headline, zones, ages, and the state of data and connection."""
    return {
        "spacesFree": {"one": _("{n} free space"), "other": _("{n} free spaces")},
        "noneFree": _("No free space"),
        "nothingKnown": _("Nothing known right now"),
        "noZones": _("No parking zones here"),
        "allClosed": _("Closed now"),
        "allClosedUntil": _("Closed until {time}"),
        "loading": _("Looking for free spaces …"),
        "zonesKnown": _("{known} of {all} zones known"),
        "zonesClosed": {"one": _("{n} zone closed"), "other": _("{n} zones closed")},
        "closed": _("closed"),
        "closedUntil": _("closed until {time}"),
        "openUntil": _("parking until {time}"),
        "updatedAt": _("seen {age}"),
        "zoneFree": _("{n} free"),
        "zoneFull": _("Full"),
        "zoneUnknown": _("Unknown"),
        "zoneClosed": _("Closed"),
        "zoneNeverSeen": _("no camera has seen it yet"),
        "zoneLastSeen": _("last seen {age}"),
        "zoneUncertain": _("too little of it is seen"),
        "zoneOtherSize": _("nothing is planned for a car this large"),
        "seen": _("seen {age}"),
        "ageNow": _("just now"),
        "ageSeconds": _("{n} s ago"),
        "ageMinutes": _("{n} min ago"),
        "ageHours": _("{n} h ago"),
        "ageDays": {"one": _("{n} day ago"), "other": _("{n} days ago")},
        "offline": _("No connection. Last news {age}; spaces disappear as they get old."),
        "serverTrouble": _("The server does not answer. Last news {age}; spaces disappear as they get old."),
        "neverConnected": _("No connection to the server yet; trying again."),
        "dataOld": _("The cameras are silent: the newest picture is from {age}."),
        "connected": _("Connected again."),
    }


def _single_space() -> dict[str, Any]:
    """What is known of a space, and the way to it."""
    return {
        "parallel": _("along the kerb"),
        "perpendicular": _("at a right angle to the kerb"),
        "diagonal": _("at an angle to the kerb"),
        "free": _("any way round"),
        "public": _("Open to everyone"),
        "residents": _("Residents only"),
        "size": _("{length}\u00a0×\u00a0{width}\u00a0m"),
        "room": _("room for {size}"),
        "percent": _("{n}\u00a0%"),
        "freeSpace": _("Free space"),
        "sure": _("{n} % sure"),
        "hidden": _("{n} % of it stands behind a parked car"),
        "gone": _("This space is no longer free"),
        "goneHint": _("A car stands there now, or one is in the way."),
        "ranOut": _("This space may be taken by now"),
        "closedHere": _("No parking here now"),
        "ranOutHint": _("No camera has seen it for a while, so nobody knows."),
    }


def _near_me() -> dict[str, Any]:
    """Position, distances, and in which order the list is."""
    return {
        "metres": _("{n}\u00a0m"),
        "kilometres": _("{n}\u00a0km"),
        "walk": _("{n} min walk"),
        "orderHere": _("Nearest to you first"),
        "orderPlace": _("Nearest to {place} first"),
        "orderMiddle": _("Nearest to the middle of the map first"),
        "straight": _("straight line"),
        "byRoad": _("by road"),
        "roadTrouble": _("straight line, as {host} does not answer"),
        "walkSpeed": _("walking at {speed}\u00a0km/h"),
        "accuracy": _("position ±\u00a0{distance}"),
        "positionAsking": _("Asking for your position …"),
        "positionFound": _("Position found, to within {distance}."),
        "positionOff": _("Position switched off."),
        "positionImprecise": _(
            "Your position is only known to within {distance}. Allow the precise position for this page in the device's"
            " settings, or search a place."
        ),
        "positionDenied": _(
            "This page may not know your position. Allow it at the lock beside the address or in the device's settings,"
            " then tap again. Or search a place."
        ),
        "positionTimeout": _(
            "No position came in time. Go where the sky is open and tap again, or search a place."
        ),
        "positionUnavailable": _("This device cannot tell its position now. Search a place instead."),
        "positionInsecure": _("Browsers give a position to https pages only. Search a place instead."),
        "positionKept": _(
            "Your position stays on this device. The server is only asked for a part of the map."
        ),
        "positionRounded": _(
            "For distances by road, {host} gets your position rounded to about {distance}, and where the spaces are."
        ),
    }


def _search() -> dict[str, Any]:
    """Searching zones, coordinates, and places."""
    return {
        "searchZones": _("Zone or coordinates"),
        "searchPlaces": _("Zone, address or coordinates"),
        "searchSends": _("Search sends what you typed, and roughly where the map is, to {host}."),
        "searchZone": _("Parking zone"),
        "searchCoordinates": _("Coordinates"),
        "searchNothing": _("Nothing found for “{query}”."),
        "searchBusy": _("Searching …"),
        "searchTrouble": _("{host} does not answer. Zones and coordinates still work."),
        "searchFound": {"one": _("{n} place found"), "other": _("{n} places found")},
        "destination": _("To {place}"),
        "destinationSet": _("Distances are now measured to {place}."),
        "destinationCleared": _("Destination cleared."),
    }


def _own_car() -> dict[str, Any]:
    """For which car spaces are shown."""
    return {
        "carButton": _("My car"),
        "carAny": _("No car chosen"),
        "carAnyHint": _("each zone's usual size"),
        "carSmall": _("Small car"),
        "carNormal": _("Normal car"),
        "carVan": _("Van"),
        "carTrailer": _("With trailer"),
        "carOwn": _("Own size"),
        "carUpTo": _("up to {size}"),
        "carFor": _("for: {car}, {size}"),
        "carLengthRange": _("A length from {low} to {high} m, please."),
        "carWidthRange": _("A width from {low} to {high} m, please."),
        "carTooLarge": _(
            "Spaces are planned for vehicles up to {size}. Yours is larger, so none can be shown."
        ),
        "carTooLargeShort": _("No spaces for this size"),
        "carChanged": _("Showing spaces for: {car}."),
    }


def _watching() -> dict[str, Any]:
    """A space that somebody is on the way to."""
    return {
        "watch": _("Watch"),
        "watching": _("Watching"),
        "watchStarted": _("You will be told when this space is taken, while this page is open."),
        "watchStopped": _("No longer watching."),
        "takenTitle": _("Your space was taken"),
        "takenText": _("The one at {zone} is no longer free."),
        "closedTitle": _("Your space has closed"),
        "closedText": _("The hours of {zone} have ended: no parking there now."),
        "ranOutTitle": _("Your space may be taken"),
        "ranOutText": _("No camera has seen the one at {zone} for a while, so nobody knows."),
        "nextBest": _("Next best: {distance} from it, {size}."),
        "noNext": _("No other free space is known near it."),
    }


def _left_car() -> dict[str, Any]:
    """Where the car was left."""
    return {
        "parkedLeft": _("left {age}"),
        "parkedAway": _("{distance} from you"),
        "parkedMarked": _("Marked: your car is here. Kept on this device only."),
        "parkedForgotten": _("Forgotten where the car was."),
        "parkedLost": _("This browser keeps nothing; the mark is gone when the page closes."),
        "parkedMarker": _("Your car"),
    }


def _links() -> dict[str, Any]:
    """Links to a place, a zone or a space."""
    return {
        "linkZoneUnknown": _("There is no public zone “{id}”."),
        "linkSpaceGone": _(
            "The space of this link is no longer offered: it was taken, or nobody has seen it lately."
        ),
        "linkPlaceBad": _("The place in this link cannot be read."),
        "linkCopied": _("Link copied."),
        "linkNotCopied": _("The link is in the address bar."),
    }


def _map() -> dict[str, Any]:
    """Words on the map and on its buttons."""
    return {
        "zoomIn": _("Zoom in to see the single spaces."),
        "expandList": _("Show the list"),
        "collapseList": _("Hide the list"),
        "showAll": _("Show all zones"),
        "zoomInLabel": _("Zoom in"),
        "zoomOutLabel": _("Zoom out"),
        "zoneLabel": _("{name}: {state}"),
        "placesFree": _("{n} places · {free} free"),
        "placesFull": _("{n} places · full"),
        "placesUnknown": _("{n} places · unknown"),
        "placesClosed": _("{n} places · closed"),
        "positionMarker": _("You are here"),
        "goalMarker": _("Your destination"),
        "googleAway": _("Google Maps is not available. This map shows the same spaces."),
    }


def _app() -> dict[str, Any]:
    """The page as an app."""
    return {
        "newVersion": _("A newer version of this page is here."),
    }

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text that owners agree to. Whoever changes its meaning raises VERSION; owners are then asked again."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

__all__ = ["VERSION", "statements"]

VERSION: Final = "2026-11"


def statements() -> list[str]:
    """What is agreed to, sentence by sentence, in the active language."""
    return [
        _(
            "I may put this camera up where it hangs and point it at what it shows, and I am responsible for it under the law of my country. I put the notice up where people see it before they are seen."
        ),
        _(
            "A program may look at its pictures for one purpose: to find free parking spaces. Kept and published is where there is room and when that was seen; of cars only the ground they stand on is known, until the next picture. Faces, number plates and persons are not looked for."
        ),
        _(
            "No picture is kept. It is deleted within seconds. The one exception: while I or an admin calibrate the camera or draw its privacy mask, one picture lies in memory, for half an hour at most."
        ),
        _(
            "I cover with the privacy mask what is nobody's business: windows, doors, gardens, balconies. What is covered is blackened before anything looks at it."
        ),
        _(
            "I can withdraw this consent at any time on this site, without giving a reason. The camera is then switched off at once."
        ),
    ]

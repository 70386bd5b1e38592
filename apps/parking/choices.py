# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words in which a zone's rules and state are told."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """How cars stand in a zone; the same words as `apps.parking.zones.MODES`."""

    PARALLEL = "parallel", _("parallel to the kerb")
    PERPENDICULAR = "perpendicular", _("at a right angle to the kerb")
    DIAGONAL = "diagonal", _("at an angle to the kerb")
    FREE = "free", _("any way round")


class Access(models.TextChoices):
    """Who may park; private zones are never shown to the public."""

    PUBLIC = "public", _("everyone")
    RESIDENTS = "residents", _("residents")
    PRIVATE = "private", _("private, not shown to the public")


class Standing(models.TextChoices):
    """What a zone is to the site; only accepted ones are ever switched on."""

    ACCEPTED = "accepted", _("accepted")
    PROPOSED = "proposed", _("proposed, waits for an admin")
    DECLINED = "declined", _("declined")
    RETIRED = "retired", _("retired, kept for its history")


class ZoneState(models.TextChoices):
    """What can be said of a zone now. Unknown is not full, and never 0."""

    FREE = "free", _("free spaces")
    FULL = "full", _("full")
    UNKNOWN = "unknown", _("unknown")

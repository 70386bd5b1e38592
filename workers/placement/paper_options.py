# SPDX-License-Identifier: AGPL-3.0-or-later
"""The paper's parameters as options of a command line."""

from __future__ import annotations

import argparse
from dataclasses import replace

from workers.placement.parameters import AS_PUBLISHED_FULL, AS_PUBLISHED_X, PaperParameters

SETTINGS = {"published-x": AS_PUBLISHED_X, "published-full": AS_PUBLISHED_FULL}
_CHANGES = {
    "food_sources": (int, "half of the colony"),
    "abandonment_limit": (int, "visits without improvement before a scout takes over"),
    "iterations": (int, "cycles of the colony at most"),
    "outside_penalty": (float, "for a slot outside the zone"),
    "occupied_penalty": (float, "for each percent of a slot on occupied ground"),
    "new_penalty": (float, "for each percent of a slot on another new slot"),
}


def add_paper_options(parser: argparse.ArgumentParser) -> None:
    """``--settings`` and an option for each parameter of the paper's mode."""
    group = parser.add_argument_group("the paper's mode")
    group.add_argument(
        "--settings",
        choices=tuple(SETTINGS),
        default="published-x",
        help="positions along x (the paper's Figure 6, default), or x, y and angle (its text)",
    )
    for name, (kind, text) in _CHANGES.items():
        default = getattr(AS_PUBLISHED_X, name)
        group.add_argument(
            f"--{name.replace('_', '-')}", type=kind, metavar="N", help=f"{text} (default {default:g})"
        )


def paper_parameters(options: argparse.Namespace) -> PaperParameters:
    """The settings that were named, with what was changed. Raises PlacementError for values that make no sense."""
    given = {name: getattr(options, name) for name in _CHANGES if getattr(options, name) is not None}
    return replace(SETTINGS[options.settings], **given)

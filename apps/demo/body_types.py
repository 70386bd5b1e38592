# SPDX-License-Identifier: AGPL-3.0-or-later
"""Body types of the simulated cars: sizes, roof lines, windows and wheels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BodyType:
    """One body type. Lengths in metres; `outline` is the roof line from nose to tail as (share of length, height)."""

    name: str
    length_m: float
    width_m: float
    height_m: float
    outline: tuple[tuple[float, float], ...]
    windscreen: tuple[float, float]
    """Shares of the length where the windscreen's foot and top are."""
    rear_window: tuple[float, float]
    """Shares of the length where the rear window's top and foot are."""
    belt_m: float
    tumblehome: float
    """How far the side windows lean in, metres per metre of height."""
    wheel_radius_m: float
    axles: tuple[float, float]
    panelled: bool = False
    """No windows behind the driver's."""
    nose_round_m: float = 0.55
    tail_round_m: float = 0.40
    share: float = 1.0
    """Weight when a type is drawn at random."""


BODY_TYPES: tuple[BodyType, ...] = (
    BodyType(
        "hatchback", 4.05, 1.76, 1.48,
        ((0, 0.66), (0.02, 0.74), (0.12, 0.86), (0.245, 0.97), (0.40, 1.40), (0.50, 1.475), (0.62, 1.48), (0.80, 1.42),
         (0.875, 1.36), (0.965, 0.98), (0.985, 0.90), (1, 0.62)),
        (0.245, 0.41), (0.87, 0.965), 0.94, 0.36, 0.31, (0.19, 0.82), share=2.6,
    ),
    BodyType(
        "saloon", 4.58, 1.80, 1.45,
        ((0, 0.64), (0.015, 0.72), (0.12, 0.85), (0.265, 0.95), (0.41, 1.37), (0.50, 1.445), (0.60, 1.445), (0.70, 1.38),
         (0.845, 1.06), (0.88, 1.03), (0.975, 1.00), (0.99, 0.90), (1, 0.62)),
        (0.265, 0.42), (0.70, 0.845), 0.93, 0.38, 0.32, (0.195, 0.79), share=3.2,
    ),
    BodyType(
        "estate", 4.66, 1.80, 1.50,
        ((0, 0.65), (0.015, 0.73), (0.12, 0.86), (0.255, 0.96), (0.40, 1.40), (0.49, 1.485), (0.62, 1.50), (0.85, 1.45),
         (0.915, 1.39), (0.98, 1.00), (0.99, 0.92), (1, 0.62)),
        (0.255, 0.41), (0.91, 0.975), 0.94, 0.34, 0.32, (0.19, 0.79), tail_round_m=0.35, share=0.9,
    ),
    BodyType(
        "suv", 4.48, 1.87, 1.66,
        ((0, 0.78), (0.02, 0.90), (0.12, 1.02), (0.235, 1.10), (0.375, 1.56), (0.46, 1.645), (0.60, 1.66), (0.82, 1.59),
         (0.89, 1.52), (0.965, 1.12), (0.985, 1.02), (1, 0.72)),
        (0.235, 0.385), (0.885, 0.965), 1.06, 0.30, 0.37, (0.19, 0.81), share=1.7,
    ),
    BodyType(
        "small_van", 4.40, 1.83, 1.82,
        ((0, 0.74), (0.02, 0.86), (0.10, 1.00), (0.19, 1.12), (0.345, 1.68), (0.42, 1.79), (0.55, 1.82), (0.90, 1.79),
         (0.965, 1.72), (0.988, 1.10), (1, 0.68)),
        (0.19, 0.36), (0.965, 0.988), 1.08, 0.17, 0.32, (0.19, 0.80), nose_round_m=0.5, tail_round_m=0.22, share=0.9,
    ),
    BodyType(
        "panel_van", 5.45, 2.00, 2.35,
        ((0, 0.84), (0.015, 0.98), (0.08, 1.16), (0.135, 1.28), (0.245, 2.08), (0.30, 2.28), (0.42, 2.35), (0.94, 2.33),
         (0.985, 2.26), (0.997, 1.2), (1, 0.70)),
        (0.135, 0.26), (0.985, 0.997), 1.28, 0.10, 0.35, (0.17, 0.78), panelled=True, nose_round_m=0.5, tail_round_m=0.12,
        share=0.35,
    ),
    BodyType(
        "minibus", 5.90, 2.02, 2.55,
        ((0, 0.86), (0.015, 1.00), (0.07, 1.18), (0.12, 1.30), (0.22, 2.22), (0.27, 2.46), (0.40, 2.55), (0.94, 2.53),
         (0.985, 2.46), (0.997, 1.2), (1, 0.70)),
        (0.12, 0.235), (0.985, 0.997), 1.22, 0.10, 0.36, (0.16, 0.76), nose_round_m=0.5, tail_round_m=0.12, share=0.25,
    ),
)  # fmt: skip

# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that others read from the camera registry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import shapely
from django.utils import timezone

from camera_registry.mercator import LocalFrame
from camera_registry.models import Camera, Rejection
from camera_registry.privacy_mask import PrivacyMask, mask_of

__all__ = [
    "Account",
    "IntakeCamera",
    "account",
    "accounts_now",
    "blind_area_m2",
    "cameras_by_id",
    "intake_cameras",
    "rejection_counts",
]


@dataclass(frozen=True)
class Account:
    """What the SFTP door needs to know of a camera to let it in: what opens it at this moment."""

    name: str
    enabled: bool
    password_hashes: tuple[str, ...]
    key_lines: tuple[str, ...]
    key_fingerprints: frozenset[str]


def _account(camera: Camera) -> Account:
    now = timezone.now()
    keys = [key for key in camera.keys.all() if key.stops_at is None or key.stops_at > now]
    passwords = [camera.password_hash] if camera.password_hash else []
    if camera.old_password_hash and camera.old_password_until and camera.old_password_until > now:
        passwords.append(camera.old_password_hash)
    return Account(
        name=camera.name,
        enabled=camera.enabled,
        password_hashes=tuple(passwords),
        key_lines=tuple(key.public_key for key in keys),
        key_fingerprints=frozenset(key.fingerprint for key in keys),
    )


def account(name: str) -> Account | None:
    """The account of the camera called `name`, or None when there is none."""
    camera = Camera.objects.filter(name=name).prefetch_related("keys").first()
    return _account(camera) if camera else None


def accounts_now(names: Iterable[str]) -> dict[str, Account]:
    """The accounts of these names as they are now; names without a camera are missing."""
    cameras = Camera.objects.filter(name__in=list(names)).prefetch_related("keys")
    return {camera.name: _account(camera) for camera in cameras}


@dataclass(frozen=True)
class IntakeCamera:
    """What the inbox's watcher needs to know of a camera. image_size is (width, height), None without calibration."""

    id: int
    name: str
    enabled: bool
    calibrated: bool
    image_size: tuple[int, int] | None
    mask: PrivacyMask | None = None


def intake_cameras() -> dict[str, IntakeCamera]:
    """Every camera by its name."""
    return {
        camera.name: IntakeCamera(
            camera.pk,
            camera.name,
            camera.enabled,
            camera.calibration_id is not None,
            camera.image_size,
            mask_of(camera),
        )
        for camera in Camera.objects.all()
    }


def cameras_by_id(ids: Iterable[int]) -> dict[int, Camera]:
    """Cameras with their active calibrations and what is known of their views, by primary key."""
    return Camera.objects.select_related("calibration", "view_check").in_bulk(list(ids))


def blind_area_m2(camera: Camera) -> float | None:
    """True area of the ground that the camera cannot see, m²; None when none is given."""
    if not camera.blind_ground:
        return None
    ground = shapely.from_wkb(bytes(camera.blind_ground.wkb))
    x, y = ground.centroid.coords[0]
    return float(LocalFrame((x, y)).geometry_to_metres(ground).area)


def rejection_counts(account: str) -> dict[str, int]:
    """How often frames of this account ended for each reason."""
    return dict(Rejection.objects.filter(account=account).values_list("reason", "count"))

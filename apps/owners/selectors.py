# SPDX-License-Identifier: AGPL-3.0-or-later
"""What owners may see: their own cameras and nothing else. Every view finds its camera here, or answers 404."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone

from apps.owners.consent import VERSION
from apps.owners.models import CameraNotice
from camera_registry.health import health_queryset
from camera_registry.keys import host_key_fingerprints
from camera_registry.models import Camera, CameraConsent, CameraKey

__all__ = [
    "Connection",
    "absolute",
    "camera_of",
    "camera_to_cover",
    "cameras_of",
    "connection",
    "keys_of",
    "may_manage_cameras",
    "needs_new_consent",
    "notice_of",
    "public_notice",
]

#: Addresses that the door may listen on and that nobody outside can use.
NO_NAME = ("", "0.0.0.0", "::", "127.0.0.1", "::1", "localhost")
#: What is suggested for firmware that asks; the clock in the name also shows whether the camera's is right.
FILE_NAME_PATTERN = "%Y%m%d-%H%M%S.jpg"


@dataclass(frozen=True)
class Connection:
    """What is typed into a camera, beside its secret."""

    host: str
    port: int
    account: str
    folder: str
    file_name: str
    interval_s: int
    fingerprints: tuple[str, ...]


def cameras_of(user: Any) -> QuerySet[Camera]:
    """This person's cameras, with what their health needs."""
    return health_queryset().filter(owner=user)


def camera_of(user: Any, name: str) -> Camera:
    """This person's camera of that name. Raises Http404, also when it is somebody else's."""
    camera = cameras_of(user).filter(name=name).first()
    if camera is None:
        raise Http404
    return camera


def camera_to_cover(user: Any, name: str) -> Camera:
    """The same, for the privacy mask: admins who may change cameras draw it for any. Raises Http404."""
    if may_manage_cameras(user):
        camera = health_queryset().filter(name=name).first()
        if camera is not None:
            return camera
    return camera_of(user, name)


def may_manage_cameras(user: Any) -> bool:
    """Whether this person is an admin of cameras, whosever they are."""
    return user.is_staff and user.has_perm("camera_registry.change_camera")


def keys_of(camera: Camera) -> list[CameraKey]:
    """The keys that open the door now, the newest first."""
    now = timezone.now()
    keys = [key for key in camera.keys.all() if key.stops_at is None or key.stops_at > now]
    return sorted(keys, key=lambda key: key.created_at, reverse=True)


def connection(camera: Camera, request: HttpRequest) -> Connection:
    """Where this camera uploads. Without a public name set, the site's own where the door's address names no machine."""
    host = settings.SPARK_SFTP_PUBLIC_HOST or settings.SPARK_SFTP_HOST
    if host in NO_NAME:
        host = urlsplit(absolute(request, "/")).hostname or host
    return Connection(
        host=host,
        port=settings.SPARK_SFTP_PUBLIC_PORT or settings.SPARK_SFTP_PORT,
        account=camera.name,
        folder="/",
        file_name=FILE_NAME_PATTERN,
        interval_s=camera.expected_interval_s,
        fingerprints=tuple(host_key_fingerprints(Path(settings.SPARK_SFTP_HOST_KEY))),
    )


def absolute(request: HttpRequest, path: str) -> str:
    """`path` as others reach it: below the site's own address where one is set, else as this reader came."""
    return (
        settings.SPARK_SITE_URL.rstrip("/") + path
        if settings.SPARK_SITE_URL
        else request.build_absolute_uri(path)
    )


def notice_of(camera: Camera) -> CameraNotice | None:
    """What its notice says; None for a camera that an admin registered and nobody described."""
    return CameraNotice.objects.filter(camera=camera).first()


def public_notice(code: str) -> CameraNotice:
    """The notice of this address. Raises Http404."""
    notice = CameraNotice.objects.select_related("camera").filter(code=code).first()
    if notice is None:
        raise Http404
    return notice


def needs_new_consent(camera: Camera, consent: CameraConsent | None) -> bool:
    """Whether the owner has not agreed, no more, to an older text, or was another person then."""
    return consent is None or consent.text_version != VERSION or consent.user_id != camera.owner_id

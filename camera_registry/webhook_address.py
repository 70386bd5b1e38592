# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which addresses a webhook may have: whoever owns a camera must not be able to reach into the server's own network.

A name is looked at twice: its form when it is stored, and the addresses behind it when something is sent, each time
anew, since a name may point elsewhere tomorrow. The connection then goes to the very address that was looked at.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

__all__ = ["WebhookAddress", "WebhookRefused", "parse_webhook", "public_addresses", "valid_webhook"]

MAX_CHARS = 500
#: Not public, whatever a Python version's tables say: protocol assignments and relays, and addresses of the new internet
#: that stand for ones of the old.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
    )
)


class WebhookRefused(ValueError):
    """An address that nothing is sent to; the text says why and what to give instead."""


@dataclass(frozen=True)
class WebhookAddress:
    """A webhook's address in its parts. path: with its query, as it is sent."""

    secure: bool
    host: str
    port: int
    path: str


def parse_webhook(url: str) -> WebhookAddress:
    """The parts of an address that may be a webhook's, as far as its form tells. Raises WebhookRefused."""
    if len(url) > MAX_CHARS or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise WebhookRefused(_("The address must be plain text without spaces, at most 500 characters."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookRefused(_("This is not an address: %s.") % error) from error
    private = settings.SPARK_WEBHOOK_PRIVATE
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise WebhookRefused(_("The address must begin with https://."))
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise WebhookRefused(_("The address must have the form https://host/path, without a user name."))
    _refuse_private_literal(parts.hostname)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebhookAddress(
        parts.scheme == "https", parts.hostname, port or (443 if parts.scheme == "https" else 80), path
    )


def _refuse_private_literal(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not settings.SPARK_WEBHOOK_PRIVATE and not is_public(address):
        raise WebhookRefused(_("%s is an address of a private network; give a public one.") % host)


def valid_webhook(url: str) -> None:
    """A model field's validator: `parse_webhook` in Django's words."""
    try:
        parse_webhook(url)
    except WebhookRefused as error:
        raise ValidationError(str(error)) from error


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the public internet, also when it is wrapped in another."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast


def public_addresses(where: WebhookAddress) -> list[str]:
    """The addresses behind the host's name now, every one of them public. Raises WebhookRefused and OSError.

    One private address among them refuses all: a name that has both is a trap or a mistake.
    """
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.SPARK_WEBHOOK_PRIVATE:
        for text in addresses:
            if not is_public(ipaddress.ip_address(text.partition("%")[0])):
                raise WebhookRefused(
                    _("%(host)s leads to %(address)s, an address of a private network.")
                    % {"host": where.host, "address": text}
                )
    return addresses

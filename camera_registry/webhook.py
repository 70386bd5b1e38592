# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sends one signed message to one webhook. Knows HTTP and nothing of cameras.

The signature is that of the Standard Webhooks: HMAC-SHA256 over id, time and body, so that a receiver can tell who
sends, that nothing was changed, and what it has had before. Redirects are not followed; the connection goes to an
address that was found to be public, with the certificate held against the name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import threading

from camera_registry.webhook_address import WebhookAddress, WebhookRefused, parse_webhook, public_addresses

__all__ = ["WebhookFailed", "new_secret", "post", "signature"]

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
#: For one step of the conversation, and for all of it, seconds: a receiver that drips must not hold up the others.
TIMEOUT_S = 5.0
DEADLINE_S = 15.0
#: Of a host with more addresses only the first are tried.
MAX_ADDRESSES = 4
GONE = 410


class WebhookFailed(Exception):
    """The receiver did not take the message. for_good: trying again is pointless."""

    def __init__(self, text: str, *, for_good: bool = False) -> None:
        super().__init__(text)
        self.for_good = for_good


def new_secret() -> str:
    """A signing secret in the form that receivers' libraries take."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header of a message sent at `timestamp` (Unix seconds)."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(url: str, body: bytes, *, secret: str, message_id: str, timestamp: int) -> None:
    """Send a JSON body. Returns when the receiver has answered 2xx; raises WebhookFailed, also for a bad address."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "SPARK",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    try:
        where = parse_webhook(url)
        status = _status(where, body, headers)
    except WebhookRefused as error:
        raise WebhookFailed(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise WebhookFailed(f"its certificate is not valid: {error.verify_message}") from error
    except (OSError, http.client.HTTPException) as error:
        raise WebhookFailed(f"it cannot be reached: {error or type(error).__name__}") from error
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise WebhookFailed(f"it answers {status}, a redirect, which is not followed")
    raise WebhookFailed(f"it answers {status}", for_good=status == GONE)


def _status(where: WebhookAddress, body: bytes, headers: dict[str, str]) -> int:
    kind = http.client.HTTPSConnection if where.secure else http.client.HTTPConnection
    connection = kind(where.host, where.port, timeout=TIMEOUT_S)
    sock = _connected(where)
    try:
        if where.secure:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=where.host)
        connection.sock = sock
        too_late = threading.Timer(DEADLINE_S, _shut, (sock,))
        too_late.daemon = True
        too_late.start()
        try:
            connection.request("POST", where.path, body, headers)
            return connection.getresponse().status
        finally:
            too_late.cancel()
    finally:
        connection.close()
        sock.close()


def _connected(where: WebhookAddress) -> socket.socket:
    """A connection to the first of the host's addresses that answers."""
    failed: OSError = OSError("the name has no address")
    for address in public_addresses(where)[:MAX_ADDRESSES]:
        try:
            return socket.create_connection((address, where.port), timeout=TIMEOUT_S)
        except OSError as error:
            failed = error
    raise failed


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already

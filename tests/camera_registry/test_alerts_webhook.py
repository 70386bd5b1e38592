# SPDX-License-Identifier: AGPL-3.0-or-later
"""Webhooks: where they may lead, how they are signed, and what a receiver may do to us."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ValidationError

from camera_registry import webhook
from camera_registry.webhook_address import WebhookRefused, is_public, parse_webhook, public_addresses
from tests.camera_registry.factories import a_camera
from tests.camera_registry.receivers import Receiver


@pytest.fixture
def private(settings) -> None:
    """Loopback is allowed, as on a network of one's own."""
    settings.SPARK_WEBHOOK_PRIVATE = True


def send(url: str, secret: str = webhook.new_secret()) -> None:
    webhook.post(url, b'{"a":1}', secret=secret, message_id="m1", timestamp=1_764_000_000)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.org/a/b?c=d#e", "hooks.example.org", 443, "/a/b?c=d"),
        ("https://hooks.example.org", "hooks.example.org", 443, "/"),
        ("https://hooks.example.org:8443/x", "hooks.example.org", 8443, "/x"),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/"),
    ],
)
def test_addresses_that_are_good(url: str, host: str, port: int, path: str) -> None:
    where = parse_webhook(url)
    assert (where.secure, where.host, where.port, where.path) == (True, host, port, path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.org/", "https://"),
        ("ftp://hooks.example.org/", "https://"),
        ("hooks.example.org", "https://"),
        ("https://", "https://host/path"),
        ("https://user:word@hooks.example.org/", "without a user name"),
        ("https://hooks.example.org:99999/", "not an address"),
        ("https://hooks.example.org/a b", "without spaces"),
        ("https://hooks.example.org/\r\nX-Evil: 1", "without spaces"),
        ("https://hooks.example.org/ü", "plain text"),
        ("https://hooks.example.org/" + "x" * 500, "500"),
        ("https://127.0.0.1/", "private network"),
        ("https://10.1.2.3:443/", "private network"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("https://[::1]/", "private network"),
        ("https://[::ffff:10.0.0.1]/", "private network"),
    ],
)
def test_addresses_that_are_refused_when_they_are_given(url: str, said: str) -> None:
    with pytest.raises(WebhookRefused, match=said):
        parse_webhook(url)


@pytest.mark.django_db
def test_a_camera_cannot_be_given_such_an_address() -> None:
    with pytest.raises(ValidationError, match="private network"):
        a_camera(alert_webhook="https://192.168.1.1/hook")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),  # carriers' own
        ("169.254.169.254", False),  # clouds' metadata
        ("192.0.0.8", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),  # NAT64 of 127.0.0.1
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
    ],
)
def test_public_is_what_the_internet_reaches(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f.1"])
def test_a_name_that_leads_home_is_refused_when_something_is_sent(name: str) -> None:
    with pytest.raises(WebhookRefused, match="private network"):
        public_addresses(parse_webhook(f"https://{name}/"))
    with pytest.raises(webhook.WebhookFailed, match="private network"):
        send(f"https://{name}/")


def test_the_signature_is_that_of_the_standard_webhooks(private) -> None:
    secret = webhook.new_secret()
    with Receiver() as receiver:
        send(receiver.url, secret)
    (request,) = receiver.got
    assert (request.path, request.body) == ("/hook?from=spark", b'{"a":1}')
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == ("m1", "1764000000")
    key = base64.b64decode(secret.split("_", 1)[1])
    digest = hmac.new(key, b'm1.1764000000.{"a":1}', hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert len(key) == 32 and webhook.new_secret() != secret


@pytest.mark.parametrize(
    ("status", "said", "for_good"),
    [(500, "answers 500", False), (404, "answers 404", False), (410, "answers 410", True), (302, "redirect", False)],
)  # fmt: skip
def test_what_is_no_success(private, status: int, said: str, for_good: bool) -> None:
    with Receiver() as elsewhere, Receiver(answers=[status], location=elsewhere.url) as receiver:
        with pytest.raises(webhook.WebhookFailed, match=said) as failed:
            send(receiver.url)
        assert failed.value.for_good is for_good
        assert elsewhere.got == []  # redirects are not followed


def test_nobody_there(private) -> None:
    with Receiver() as receiver:
        url = receiver.url
    with pytest.raises(webhook.WebhookFailed, match="cannot be reached"):
        send(url)


def test_a_receiver_that_drips_is_left(private, monkeypatch) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.3)
    began = time.monotonic()
    with Receiver(drip_s=0.02) as receiver, pytest.raises(webhook.WebhookFailed):
        send(receiver.url)
    assert time.monotonic() - began < 60  # it would never end by itself


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A key and a certificate for "localhost", signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    unlocked = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return str(path)


def test_over_tls_to_somebody_who_is_who_the_name_says(private, certificate, monkeypatch) -> None:
    with Receiver(certificate=certificate) as receiver:
        with pytest.raises(webhook.WebhookFailed, match="certificate is not valid"):
            send(receiver.url)  # nobody has vouched for it
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        with pytest.raises(webhook.WebhookFailed, match="certificate is not valid"):
            send(receiver.url.replace("localhost", "127.0.0.1"))  # for another name
        assert receiver.got == []
        send(receiver.url)
    assert [request.headers["Host"] for request in receiver.got] == [receiver.url.split("/")[2]]


def test_tls_is_checked(private) -> None:
    """A plain server where TLS is expected: nothing is sent to it."""
    with Receiver() as receiver, pytest.raises(webhook.WebhookFailed):
        send(receiver.url.replace("http://", "https://"))
    assert receiver.got == []

# SPDX-License-Identifier: AGPL-3.0-or-later
"""SSH keys: reading a camera's public key, and the door's own host keys.

The door shows two host keys: Ed25519, and ECDSA for camera firmware that knows nothing newer. Both are made at the
first start, readable by the system user only; their public halves and fingerprints are what owners compare.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import asyncssh

#: Algorithm and file name ending of each host key; the first one has the configured name itself.
HOST_KEY_KINDS = (("ssh-ed25519", ""), ("ecdsa-sha2-nistp256", "_ecdsa"))
#: Shorter RSA keys can be broken.
MIN_RSA_BITS = 2048


@dataclass(frozen=True)
class PublicKey:
    """A public key in its canonical form: `line` has no comment and no options."""

    line: str
    fingerprint: str
    comment: str


def parse_public_key(text: str) -> PublicKey:
    """Read one OpenSSH public key line (RFC 4716 and PEM work too). Raises ValueError that says what is wrong."""
    text = text.strip()
    if "PRIVATE KEY" in text:
        raise ValueError("This is a private key. Keep it on the camera and give the public half (.pub) here.")
    try:
        key = asyncssh.import_public_key(text)
    except (asyncssh.KeyImportError, ValueError) as error:
        raise ValueError(f"Not an SSH public key: {error}") from error
    if key.get_algorithm().startswith("ssh-rsa"):
        bits = key.pyca_key.key_size
        if bits < MIN_RSA_BITS:
            raise ValueError(f"An RSA key of {bits} bits is too short; use {MIN_RSA_BITS} bits or Ed25519.")
    elif key.get_algorithm().startswith("ssh-dss"):
        raise ValueError("DSA keys are no longer safe; use Ed25519, ECDSA or RSA.")
    words = key.export_public_key("openssh").decode().split()
    return PublicKey(
        " ".join(words[:2]), key.get_fingerprint("sha256"), (key.get_comment() or "").strip()[:120]
    )


def ensure_host_keys(path: Path) -> list[asyncssh.SSHKey]:
    """The door's host keys, made when they are missing (mode 0600; the public half beside it, `.pub`)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return [_ensure(path.with_name(path.name + ending), algorithm) for algorithm, ending in HOST_KEY_KINDS]


def _ensure(path: Path, algorithm: str) -> asyncssh.SSHKey:
    if path.exists():
        path.chmod(0o600)
        key = asyncssh.read_private_key(path)
    else:
        key = asyncssh.generate_private_key(algorithm, comment="spark")
        _write_once(path, key.export_private_key("openssh"), 0o600)
    public = path.with_name(path.name + ".pub")
    if not public.exists():
        _write_once(public, key.export_public_key("openssh"), 0o644)
    return key


def _write_once(path: Path, data: bytes, mode: int) -> None:
    """Never a moment in which the file exists with a wider mode."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


def host_key_fingerprints(path: Path) -> list[str]:
    """`algorithm SHA256:…` of each host key, from the public halves; empty while the door has never started."""
    lines = []
    for _, ending in HOST_KEY_KINDS:
        public = path.with_name(path.name + ending + ".pub")
        try:
            key = asyncssh.read_public_key(public)
        except (OSError, asyncssh.KeyImportError):
            continue
        lines.append(f"{key.get_algorithm()} {key.get_fingerprint('sha256')}")
    return lines

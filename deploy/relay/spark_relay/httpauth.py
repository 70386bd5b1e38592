# SPDX-License-Identifier: AGPL-3.0-or-later
"""Answers to a camera's HTTP challenge: Digest (RFC 7616 and its predecessor 2617) and Basic (RFC 7617).

The standard library's client knows digest with MD5 and SHA-1 only, and answers whatever a server asks for first.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Challenge", "UnknownChallenge", "answer", "challenges"]

#: Digest algorithms, the strongest first; MD5 is what most cameras know.
_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?:\s+|$)(?![=])")
_PARAMETER = re.compile(r"""([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))""")


class UnknownChallenge(Exception):
    """The camera asks for a login in a way that is not known here."""


@dataclass(frozen=True)
class Challenge:
    """One way in which a server would let us in."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(headers: Sequence[str]) -> list[Challenge]:
    """All challenges of the WWW-Authenticate headers; one header may hold several."""
    found = []
    for header in headers:
        # Quoted text may hold anything, also what looks like a scheme: blank it out to find the schemes.
        plain = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: '"' + "x" * (len(quoted[0]) - 2) + '"', header)
        starts = [match for match in _SCHEME.finditer(plain) if "=" not in match[1]]
        for index, match in enumerate(starts):
            end = starts[index + 1].start() if index + 1 < len(starts) else len(header)
            values = {
                one[1].lower(): re.sub(r"\\(.)", r"\1", one[2]) if one[2] is not None else one[3]
                for one in _PARAMETER.finditer(header[match.end() : end])
            }
            found.append(Challenge(match[1].lower(), values))
    return found


def answer(offered: Sequence[Challenge], method: str, uri: str, user: str, password: str) -> str:
    """The Authorization header for the best of the challenges: digest before basic, the stronger hash before MD5.

    Raises UnknownChallenge, with what the camera asked for.
    """
    digests = [one for one in offered if one.scheme == "digest" and _algorithm(one)[0] in _HASHES]
    digests = [one for one in digests if "nonce" in one.parameters and _quality(one) is not None]
    if digests:
        order = list(_HASHES)
        best = min(digests, key=lambda one: order.index(_algorithm(one)[0]))
        return _digest(best, method, uri, user, password)
    if any(one.scheme == "basic" for one in offered):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    asked = ", ".join(f"{one.scheme} {one.parameters.get('algorithm', '')}".strip() for one in offered)
    raise UnknownChallenge(asked or "nothing")


def _algorithm(challenge: Challenge) -> tuple[str, bool]:
    """The hash's name, and whether it is the session variant."""
    name = challenge.parameters.get("algorithm", "MD5").upper()
    return name.removesuffix("-SESS"), name.endswith("-SESS")


def _quality(challenge: Challenge) -> str | None:
    """ "auth", or "" for cameras that know the older form only; None when nothing but auth-int is offered."""
    offered = [
        word.strip().lower() for word in challenge.parameters.get("qop", "").split(",") if word.strip()
    ]
    if not offered:
        return ""
    return "auth" if "auth" in offered else None


def _digest(challenge: Challenge, method: str, uri: str, user: str, password: str) -> str:
    given = challenge.parameters
    name, session = _algorithm(challenge)
    realm, nonce, quality = given.get("realm", ""), given["nonce"], _quality(challenge)
    client_nonce, count = secrets.token_hex(16), "00000001"

    def hashed(text: str) -> str:
        return _HASHES[name](text.encode()).hexdigest()

    secret = hashed(f"{user}:{realm}:{password}")
    if session:
        secret = hashed(f"{secret}:{nonce}:{client_nonce}")
    middle = f"{nonce}:{count}:{client_nonce}:{quality}" if quality else nonce
    response = hashed(f"{secret}:{middle}:{hashed(f'{method}:{uri}')}")
    quoted = {"username": user, "realm": realm, "nonce": nonce, "uri": uri, "response": response}
    words = [f'{key}="{_escaped(value)}"' for key, value in quoted.items()]
    if "opaque" in given:
        words.append(f'opaque="{_escaped(given["opaque"])}"')
    if "algorithm" in given:
        words.append(f"algorithm={given['algorithm']}")
    if quality or session:
        words.append(f'cnonce="{client_nonce}"')
    if quality:
        words += [f"qop={quality}", f"nc={count}"]
    return "Digest " + ", ".join(words)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate that tells frames from everything else that is called .jpg."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.choices import RejectReason
from tests.workers.intake.pictures import black, bomb, claiming, jpeg
from workers.intake.jpeg import Refused, Size, check_jpeg

MAX_PIXELS = 25_000_000


def reason(data: bytes, expected=None) -> RejectReason:
    with pytest.raises(Refused) as refused:
        check_jpeg(data, max_pixels=MAX_PIXELS, expected=expected)
    assert refused.value.detail
    return refused.value.reason


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("colour", jpeg()),
        ("grey", jpeg(mode="L")),
        ("progressive", jpeg(progressive=True)),
        ("CMYK", jpeg(mode="CMYK")),
        ("padded with zeros", jpeg() + bytes(512)),
        ("not a multiple of eight", jpeg(321, 181)),
        ("all black, as at night", black()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_real_frames_pass(case, data):
    assert check_jpeg(data, max_pixels=MAX_PIXELS).width in (320, 321)


def test_the_expected_size_passes():
    assert check_jpeg(jpeg(), max_pixels=MAX_PIXELS, expected=(320, 180)) == Size(320, 180)


@pytest.mark.parametrize(
    ("case", "data", "expected"),
    [
        ("nothing", b"", RejectReason.EMPTY),
        ("text", b"this is no picture\n" * 100, RejectReason.NOT_JPEG),
        ("PNG", b"\x89PNG\r\n\x1a\n" + bytes(500), RejectReason.NOT_JPEG),
        ("only a start", b"\xff\xd8\xff", RejectReason.TRUNCATED),
        ("start and end", b"\xff\xd8\xff\xd9", RejectReason.NOT_JPEG),
        ("half", jpeg()[: len(jpeg()) // 2], RejectReason.TRUNCATED),
        ("one byte short", jpeg()[:-1], RejectReason.TRUNCATED),
        ("cut in the header", jpeg()[:100], RejectReason.TRUNCATED),
        ("half, padded with zeros", jpeg()[: len(jpeg()) // 2] + bytes(100), RejectReason.TRUNCATED),
        ("half, ended properly", jpeg()[: len(jpeg()) // 2] + b"\xff\xd9", RejectReason.TRUNCATED),
        ("60 megapixels", bomb(), RejectReason.TOO_MANY_PIXELS),
        ("claims 65500 × 65500", claiming(65500, 65500), RejectReason.TOO_MANY_PIXELS),
        ("claims more than it has", claiming(2000, 2000), RejectReason.TRUNCATED),
        ("claims no size", claiming(0, 0), RejectReason.NOT_JPEG),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_else_is_refused_with_its_reason(case, data, expected):
    assert reason(data) == expected


@pytest.mark.parametrize("size", [(180, 320), (320, 181), (640, 360)])
def test_another_size_than_the_calibrations_is_refused(size):
    assert reason(jpeg(), expected=size) == RejectReason.WRONG_SIZE


def test_a_bomb_is_refused_by_its_header():
    data = bomb()
    started = time.perf_counter()
    reason(data)
    assert time.perf_counter() - started < 0.1


@given(cut=st.integers(1, len(jpeg()) - 1))
def test_no_cut_passes(cut):
    assert reason(jpeg()[:cut]) in (RejectReason.TRUNCATED, RejectReason.NOT_JPEG)


@given(data=st.binary(max_size=300), where=st.integers(0, 600))
def test_rubbish_is_refused_or_passes_but_never_breaks(data, where):
    good = jpeg()
    with contextlib.suppress(Refused):
        check_jpeg(good[:where] + data + good[where + len(data) :], max_pixels=MAX_PIXELS)

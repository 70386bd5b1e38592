# SPDX-License-Identifier: AGPL-3.0-or-later
"""The doorbell on a real RQ queue."""

from __future__ import annotations

import pytest
from rq import Queue

from workers.intake.doorbell import QUEUE, Doorbell


@pytest.fixture
def bell(redis_client) -> Doorbell:
    return Doorbell(redis_client, ttl_s=60, job_timeout_s=60)


def queued(client) -> list[tuple]:
    return [(job.func_name, tuple(job.args)) for job in Queue(QUEUE, connection=client).jobs]


def test_one_bell_per_camera_with_nothing_but_its_id(bell, redis_client):
    assert [bell.ring(7), bell.ring(7), bell.ring(8)] == [True, False, True]
    assert queued(redis_client) == [
        ("workers.tasks.analyse_waiting", (7,)),
        ("workers.tasks.analyse_waiting", (8,)),
    ]


def test_a_bell_that_was_heard_may_ring_again(bell):
    bell.ring(7)
    bell.take_down(7)
    assert bell.ring(7) is True


def test_a_lost_bell_is_rung_again_but_only_when_none_is_queued(bell, redis_client):
    bell.ring(7)
    assert bell.ring_again((7, 8)) == 0
    Queue(QUEUE, connection=redis_client).empty()
    assert bell.ring(7) is False
    assert bell.ring_again((7, 8)) == 2
    assert bell.ring_again(()) == 0

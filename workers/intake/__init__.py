# SPDX-License-Identifier: AGPL-3.0-or-later
"""Intake: from a finished upload in the inbox to the newest frame of each camera in Redis."""

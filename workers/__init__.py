# SPDX-License-Identifier: AGPL-3.0-or-later
"""SPARK's workers: from a frame to free spaces."""

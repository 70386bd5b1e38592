# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fetches pictures from a camera that cannot upload by itself, and uploads them to SPARK."""

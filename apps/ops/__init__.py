# SPDX-License-Identifier: AGPL-3.0-or-later
"""Health and readiness, for those who run the system."""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The public REST API: GeoJSON with ETags, problems in words."""

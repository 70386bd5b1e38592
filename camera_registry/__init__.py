# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a camera is: its account, its view of the ground, its calibration and its health."""

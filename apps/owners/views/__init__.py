# SPDX-License-Identifier: AGPL-3.0-or-later
"""What owners see and press; rules live in `services`, lookups in `selectors`."""

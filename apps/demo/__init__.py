# SPDX-License-Identifier: AGPL-3.0-or-later
"""The simulated street: a deterministic world with exact truth, its renderer, and cameras that upload like real ones."""

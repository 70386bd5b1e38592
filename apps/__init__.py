# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Django apps that keep and serve what the workers find."""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the Makefile calls. Everything here runs on a bare Python ≥ 3.11, before anything is installed."""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fine-tuning, pseudo-labelling, export and evaluation of the models that SPARK ships. Nothing here runs in production."""

# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of those who lend a camera: invitation, account, camera, first frame, privacy mask, notice."""

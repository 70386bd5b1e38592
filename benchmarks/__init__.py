# SPDX-License-Identifier: AGPL-3.0-or-later
"""Benchmarks: each file has `run(quick: bool)`, which returns its rows; `python -m benchmarks` prints and keeps them.

Rows are a list of dicts, one per line of the table, their keys being the columns; several tables come as a dict from
title to rows. `quick` asks for the same measurement on less, in seconds.
"""

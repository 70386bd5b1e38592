# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changing a trained network without training: averaging it with an earlier one, and setting where its masks end.

Two networks fine-tuned one from the other lie in the same valley, and the mean of their weights is often better than
either (Wortsman et al. 2022, "Model soups"): what the new data taught is kept, what its noise spoiled is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workers.segmentation.masks import MASK_LOGIT
from workers.segmentation.protocol import WeightsError

SHARE = 0.5  # of the newer network


def average(older: Any, newer: Any, share: float = SHARE) -> Any:
    """`newer` (a torch module), each of its weights the mean of both, `share` of it its own; changed in place.

    Raises WeightsError when the two are not of one architecture.
    """
    old, new = older.float().state_dict(), newer.float().state_dict()
    if {k: v.shape for k, v in old.items()} != {k: v.shape for k, v in new.items()}:
        raise WeightsError("weights of different architectures or class lists cannot be averaged")
    newer.load_state_dict(
        {k: (1 - share) * old[k] + share * v if v.is_floating_point() else v for k, v in new.items()}
    )
    return newer


def end_masks_at(network: Any, logit: float) -> Any:
    """Scale the mask coefficients so that the engines' cut falls where this network's logits are `logit`; in place.

    The engines cut every model's masks at one value. Where a network's areas are right depends on what it learned from.
    """
    if logit <= 0:
        raise WeightsError(f"masks end at a logit above 0, not at {logit}")
    for branch in network.model[-1].cv4:
        branch[-1].weight.data *= MASK_LOGIT / logit
        branch[-1].bias.data *= MASK_LOGIT / logit
    return network


def write_blend(weights: Path, output: Path, older: Path | None, masks_end_at: float | None) -> Path:
    """Read a checkpoint, average it with `older` and set where its masks end, where asked for; write `output`."""
    import torch

    # Checkpoints hold the whole network, so reading one runs its code: only ever one's own.
    checkpoint = torch.load(weights, map_location="cpu", weights_only=False)
    network = (checkpoint.get("ema") or checkpoint["model"]).float()
    if older is not None:
        before = torch.load(older, map_location="cpu", weights_only=False)
        network = average(before.get("ema") or before["model"], network)
    if masks_end_at is not None:
        network = end_masks_at(network, masks_end_at)
    torch.save(checkpoint | {"model": network.half(), "ema": None, "optimizer": None}, output)
    return output

"""How large the steps of proximal policy optimisation are: a rate for each part, which follows how far updates go."""

from typing import Any

import torch

from adaptlearn.agents.networks import Critic


def optimiser_of(net: Any, critic: Critic, s: Any) -> torch.optim.Adam:
    """Adam with a rate each for the actor, its weights of pair features, and the critic; the last stays as it is."""
    far = {name: p for name, p in net.named_parameters() if name == "weights"}
    near = [p for name, p in net.named_parameters() if name not in far]
    groups = [
        {"params": near, "lr": s.rate, "most": s.rate * s.most},
        {"params": list(far.values()), "lr": s.rate * s.pair_rate, "most": s.rate * s.pair_rate * s.most},
        {"params": list(critic.parameters()), "lr": s.value_rate},
    ]
    return torch.optim.Adam(groups, eps=1e-5, fused=True)


def follow(optimiser: Any, divergence: float, s: Any) -> None:
    """Larger steps when updates move the policy too little, smaller when too much; the critic's stay."""
    factor = 1.0 / 1.5 if divergence > 2.0 * s.divergence else 1.5 if divergence < 0.5 * s.divergence else 1.0
    for group in optimiser.param_groups[:2]:
        group["lr"] = min(max(group["lr"] * factor, 1e-3 * group["most"]), group["most"])

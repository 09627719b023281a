"""What a network that follows a programme gains in revised catalogues, by what it is told of them; no weight is trained.

    python experiments/revised-catalogue/another_order.py

Gains over the syllabus of 1,024 learners: what is new behind all that its programme knows; what is new in the places of
what is gone; and following ``retrained/fixed-N.npz``, the order searched anew.
"""

from pathlib import Path

import numpy as np

from adaptlearn.agents import programme, shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.revision import revised
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired
from adaptlearn.lab import checkpoint

HERE, LEARNERS, SEED = Path(__file__).parent, 1024, 20
CARD = HERE.parent / "teaching-agents" / "ppo-card.npz"


def main() -> None:
    """One line per revision."""
    first, ids, alike = load("onboarding-v1"), np.arange(LEARNERS), programme.ALIKE
    for seed in (1, 2, 3):
        world = revised(first, 0.2, seed)
        room = rules(world, law="workplace", meshing="null", catalogue="usual_error")
        net, worth = checkpoint.load(CARD, first), {}
        for told, enough in (("behind", 2.0), ("in their places", alike)):
            programme.ALIKE = enough  # no two activities are as much alike as 2
            worth[told] = simulate(net, room, ids, SEED)["value"]
        net.guide.programme = checkpoint.load(HERE / "retrained" / f"fixed-{seed}.npz", world)
        worth["searched anew"] = simulate(net, room, ids, SEED)["value"]
        base = simulate(shelf.build("syllabus", world), room, ids, SEED)["value"]
        gains = {told: paired(value, base) for told, value in worth.items()}
        print(seed, *(f"{told} {gain.mean:+.4f} ± {gain.half:.4f}" for told, gain in gains.items()), sep="  ")


if __name__ == "__main__":
    main()

"""How many learners a comparison needs for a 95 % half-width of .005 on the goal: paired, and with separate groups.

    python benchmarks/pairing.py [learners]        one JSON line per pair of agents and mode

Paired means the same learners with the same luck under both agents; separate groups share nothing.
"""

import os
import sys

from _claims import say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
PAIRS = (("mastery", "syllabus"), ("mastery", "blocked"), ("mastery", "random"), ("evidenced", "mastery"))


def main() -> None:
    """Simulate each agent once per mode and count."""
    import numpy as np
    import torch

    from adaptlearn.agents import shelf
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.envs.registry import rules
    from adaptlearn.evaluation.compare import learners_needed, paired

    torch.set_num_threads(1)
    ids = np.arange(int(sys.argv[1]) if len(sys.argv) > 1 else sized(8192, 256))
    for mandatory in (True, False):
        room = rules("onboarding-v1", mandatory=mandatory)
        names = sorted({name for pair in PAIRS for name in pair})
        goal = {name: simulate(shelf.build(name, room.world), room, ids, 11)["value"] for name in names}
        for a, b in PAIRS:
            same, apart = learners_needed(goal[a], goal[b])
            gap = paired(goal[a], goal[b])
            say(f"{a} - {b}", mode="mandatory" if mandatory else "voluntary", difference=gap.mean, half_width=gap.half,
                learners_paired=same, learners_per_arm_apart=apart, ratio=round(apart / same, 1),
                simulated=len(ids))  # fmt: skip


if __name__ == "__main__":
    main()

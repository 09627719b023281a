"""How fast learners live, as ratios to a yardstick taken in the same run: 100 scalar float32 exponentials.

    python benchmarks/simulator.py            all cases, one JSON line each

Targets: one decision of one learner on onboarding-v1 under the workplace law, with uniform legal offers, observation,
mask, reward and autoreset, at 1,024 learners <= 2.2 yardsticks; two threads >= 1.8 x one; a single Gymnasium
environment >= 100,000 steps/s; a million learners at once in <= 3 GiB; cold compile <= 8 s, serial.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time

from _claims import least, most, say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
STEPS, REPEATS, LEARNERS = 6, sized(150, 3), 1024
CROWD = sized(1_000_000, 20_000)


def yardstick() -> float:
    """Nanoseconds for 100 scalar float32 exps, the least of many."""
    import numba
    import numpy as np

    @numba.njit
    def exps(x, out, times):
        for j in range(times):
            for i in range(x.shape[0]):
                out[i] = np.exp(x[i] + np.float32(j) * np.float32(1e-9))

    x = np.linspace(-1, 1, 100).astype(np.float32)
    out = np.zeros_like(x)
    exps(x, out, 10)
    return min(timed(lambda: exps(x, out, 2000)) for _ in range(100)) / 2000 * 1e9


def timed(call, clock=time.thread_time) -> float:
    """Seconds of one call; this thread's own, so that a busy machine disturbs less. Threads need the wall's."""
    start = clock()
    call()
    return clock() - start


def step_ns(threads: int, learners: int = LEARNERS) -> tuple[float, int, int]:
    """Nanoseconds per learner-step: uniform legal offers and the step.   -> ns, V, A"""
    from adaptlearn.classroom.room import Classroom
    from adaptlearn.envs.registry import rules

    room = Classroom(rules("onboarding-v1", "workplace"), learners, 1, autoreset=True, threads=threads).begin()

    def some() -> None:
        for _ in range(STEPS):
            room.wander()
            room.step()

    for _ in range(10):
        some()
    clock = time.thread_time if threads == 1 and learners == LEARNERS else time.perf_counter
    best = min(timed(some, clock) for _ in range(REPEATS))
    return best / STEPS / learners * 1e9, room.spec.size, room.mask.shape[1]


def single_env() -> float:
    """Steps per second of one Gymnasium environment with legal random actions."""
    import gymnasium
    import numpy as np

    import adaptlearn  # noqa: F401  (registers the ids)

    env = gymnasium.make("adaptlearn/Onboarding-v1", disable_env_checker=True)
    bare = env.unwrapped
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    picks = rng.random(4000)

    def life() -> None:
        _, info = bare.reset(seed=0)
        mask = info["action_mask"]
        for u in picks:
            legal = np.flatnonzero(mask)
            _, _, ended, cut, info = bare.step(int(legal[int(u * len(legal))]))
            mask = info["action_mask"]
            if ended or cut:
                _, info = bare.reset()
                mask = info["action_mask"]

    life()
    return len(picks) / min(timed(life) for _ in range(20))


def million() -> float:
    """Peak memory of a million learners at once, in a process of its own, GiB."""
    code = (
        "import resource\n"
        "from adaptlearn.classroom.room import Classroom\nfrom adaptlearn.envs.registry import rules\n"
        f"room = Classroom(rules('onboarding-v1', 'workplace'), {CROWD}, 1).begin(range({CROWD}))\n"
        "for _ in range(3):\n    room.wander(); room.step()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return float(out)


def cold_compile() -> float:
    """CPU seconds to generate and compile one law, from an empty cache, in a process of its own."""
    code = (
        "import time\nimport numba\n"
        "from adaptlearn.classroom.room import Classroom\nfrom adaptlearn.envs.registry import rules\n"
        "r = rules('onboarding-v1', 'workplace')\nt = time.process_time()\n"
        "room = Classroom(r, 64, 1, autoreset=True).begin(); room.wander(); room.step()\nprint(time.process_time() - t)"
    )
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                             env=os.environ | {"ADAPTLEARN_CACHE": folder}).stdout  # fmt: skip
    return float(out)


def main() -> None:
    """Print one JSON line per case."""
    yard = yardstick()
    one, view, activities = step_ns(1)
    yard = min(yard, yardstick())
    say("step", most("a decision of one learner, in yardsticks of 100 exponentials", one / yard, 2.2),
        learners=LEARNERS, V=view, A=activities, ns=one, yardstick_ns=yard)  # fmt: skip
    for many in sized((8192, 16384), (2048,)):  # the second no longer fits a cache, and waits for memory
        one, two = step_ns(1, many)[0], step_ns(2, many)[0]
        claim = least(f"two threads, {many:,} learners, times as fast as one", one / two, 1.8)
        say("two threads", claim, learners=many, ns_one=one, ns_two=two)
    say("single env", least("one learner, legal actions, steps/s of a Gymnasium environment", single_env(), 100_000))
    say("all at once", most(f"memory of {CROWD:,} learners at once, GiB", million(), 3.0))
    say("cold compile", most("a law compiled from an empty cache, serial, processor s", cold_compile(), 8.0))
    say("this process", peak_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


if __name__ == "__main__":
    main()

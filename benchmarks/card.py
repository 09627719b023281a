"""How fast learners live on a graphics card: decisions simulated a second, and what bounds them.

    python benchmarks/card.py            all cases, one JSON line each; needs an NVIDIA card and adaptlearn[cuda]

One decision is: a uniform legal offer, and the whole step of the workplace law on onboarding-v1 with record, view,
mask, reward and autoreset. Times are of the card (events around 64 decisions, the median of several); ``host_us`` is
what one decision costs the host to launch, and cases named "recorded" replay a CUDA graph of 16 decisions instead.

Target: >= 1e9 decisions a second on an H200. Floor, worked out beforehand: a decision must read the learner's traits
(108 B), life (60), mask (16), what is still allowed (16) and the tracer's beliefs (2 x 26 floats, 208), write belief
and recency of every skill into the view (208), the rest of the view (124), life, record and event (60 + 96 + 72 + 48),
and touch about six skills of the mind (6 x 32, sectors) and three of the record (3 x 5 x 32): 1.7 KB. At the 4.3 TB/s
that a copy moves on an H200 that is 2.5e9 a second.
"""

import statistics
import time

from _claims import elsewhere, least, say, unknown

DECISIONS, REPEATS, RECORDED = 64, 5, 16
BYTES = 1700  # a decision, see above
MOST = 20  # power of two of the most learners
CLAIM = "learner-steps a second simulated on a graphics card"


def room_of(learners: int, law: str = "workplace"):
    from adaptlearn.classroom.card import CardRoom
    from adaptlearn.envs.registry import rules

    return CardRoom(rules("onboarding-v1", law), learners, 1, autoreset=True).begin()


def seconds(call) -> float:
    """Of one call on the card: the median of several, after one to warm up."""
    import torch

    found = []
    for _ in range(REPEATS + 1):
        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        first.record()
        call()
        last.record()
        last.synchronize()
        found.append(first.elapsed_time(last) / 1e3)
    return statistics.median(found[1:])


def decisions(room, count: int) -> None:
    """Lives go on, taught at random."""
    for _ in range(count):
        room.wander()
        room.step()


def bandwidth() -> float:
    """Bytes a second that a copy moves on this card, read and written."""
    import torch

    a = torch.zeros(1 << 30, dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    return 2 * a.numel() / seconds(lambda: b.copy_(a))


def launched(room) -> dict[str, float]:
    """Decisions one after the other."""
    decisions(room, 2 * DECISIONS)  # lives of every age
    room.synchronize()
    began = time.perf_counter()
    decisions(room, 4)
    host = (time.perf_counter() - began) / 4
    per_step = seconds(lambda: decisions(room, DECISIONS)) / DECISIONS
    return {"learner_steps_per_s": room.n / per_step, "us_per_step": per_step * 1e6, "host_us": host * 1e6}


def recorded(room) -> dict[str, float]:
    """The same as a graph of the card's: no launches from the host in between."""
    import torch

    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        decisions(room, RECORDED)
    per_step = seconds(lambda: [graph.replay() for _ in range(DECISIONS // RECORDED)]) / DECISIONS
    return {"learner_steps_per_s": room.n / per_step, "us_per_step": per_step * 1e6}


def side_by_side(rooms) -> dict[str, float]:
    """Two rooms in two streams of one graph: one's births, which are few and long, hide behind the other's steps."""
    import torch

    one, other = rooms
    graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()
    with torch.cuda.graph(graph):
        here = torch.cuda.current_stream()
        side.wait_stream(here)
        with torch.cuda.stream(side):
            decisions(other, RECORDED)
        decisions(one, RECORDED)
        here.wait_stream(side)
    per_step = seconds(lambda: [graph.replay() for _ in range(DECISIONS // RECORDED)]) / DECISIONS
    return {"learner_steps_per_s": (one.n + other.n) / per_step, "us_per_step": per_step * 1e6}


def parts(room) -> dict[str, float]:
    """Microseconds of each kernel of one decision."""
    found = {"wander": seconds(lambda: [room.wander() for _ in range(DECISIONS)]) / DECISIONS * 1e6}
    launch, told = room._launch, {}

    def timed(kernel: str, *arguments) -> None:
        import torch

        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        first.record()
        launch(kernel, *arguments)
        last.record()
        told.setdefault(kernel, []).append((first, last))

    room._launch = timed
    decisions(room, 16)
    room._launch = launch
    room.synchronize()
    for kernel, pairs in told.items():
        found[kernel] = statistics.median(first.elapsed_time(last) for first, last in pairs[2:]) * 1e3
    return {f"{name}_us": round(value, 1) for name, value in found.items()}


def main() -> None:
    """Print one JSON line per case."""
    from adaptlearn.classroom.card import absent

    if absent():
        elsewhere(unknown(CLAIM, ">= 1e9", "a graphics card"))
    import torch

    card, moved = torch.cuda.get_device_name(), bandwidth()
    say("copy", card=card, tb_per_s=moved / 1e12, floor_learner_steps_per_s=moved / BYTES)
    for power in (14, 16, 18, MOST):
        room = room_of(1 << power)
        say("launched", learners=room.n, **launched(room))
        figures = recorded(room)
        claims = [least(CLAIM, figures["learner_steps_per_s"], 1e9)] if power == MOST else []
        say("recorded", *claims, learners=room.n, **figures)
        if power in (16, MOST):
            say("parts", learners=room.n, **parts(room))
        del room
    halves = [room_of(1 << 19) for _ in range(2)]
    for half in halves:
        decisions(half, 2 * DECISIONS)
    say("two rooms recorded", learners=2 << 19, **side_by_side(halves))
    del halves
    for law in ("bkt", "memory"):
        room = room_of(1 << 20, law)
        say("law", law=law, learners=room.n, **launched(room))


if __name__ == "__main__":
    main()

"""Do the learning department's rules make sense? Every rule that a world's own rules must keep, as faults.

``validity`` asks it of a whole world and says where each fault stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from adaptlearn.core.refusal import nearest

if TYPE_CHECKING:
    from adaptlearn.core.validity import Report
    from adaptlearn.core.world import World

ACTIVITIES = "activities.csv"


def rules(report: "Report", world: "World") -> None:
    """What a rule names exists, and rules do not gainsay one another."""
    rules, known = world.rules, world.activity_ids[1:]
    due, not_before = dict(rules.due), dict(rules.not_before)
    marks, gates = dict(rules.pass_mark), [gate for _, gate in rules.after]
    for name, listed in rules.named().items():
        for activity in listed:
            if activity not in known:
                report.toml(f"rules.{name}", f"the unknown activity {activity!r}", f"ids of {ACTIVITIES}",
                            nearest(activity, known))  # fmt: skip
    if rules.live_per_week is not None and rules.live_per_week < 0:
        report.toml("rules.live_per_week", rules.live_per_week, "a whole number from 0 on", 2)
    circle = cycle_in({name: [gate] for name, gate in rules.after})
    if circle:
        report.toml("rules.after", f"a circle: {' after '.join(circle)}", "gates without one", f"no {circle[0]}")
    for name, spoken in {"pinned": rules.pinned, "due": due, "after": gates, "pass_mark": marks}.items():
        for activity in spoken:
            if activity in rules.excluded:
                report.toml(f"rules.{name}", f"{activity!r}, which rules.excluded takes away", "one or the other",
                            f"{name} without {activity}")  # fmt: skip
    for name, days in (("due", due), ("not_before", not_before)):
        for activity, day in days.items():
            if not 0.0 <= day < float("inf"):
                report.toml(f"rules.{name}.{activity}", f"day {day:g}", "a day from 0 on", 14)
    _marks(report, world)


def _marks(report: "Report", world: "World") -> None:
    """A pass mark is a share, and stands on something that asks."""
    asking = [activity.id for activity in world.activities[1:] if activity.assesses]
    for name, mark in world.rules.pass_mark:
        place = f"rules.pass_mark.{name}"
        if not 0.0 < mark <= 1.0:
            report.toml(place, f"{mark:g}", "a share of its items, above 0, at most 1", 0.8)
        if name in world.activity_ids[1:] and name not in asking:
            report.toml(place, f"{name!r}, which asks nothing", "an activity with items under assesses",
                        f"{nearest(name, asking) if asking else 'greeting-quiz'} = 0.8")  # fmt: skip


def openings(report: "Report", world: "World") -> None:
    """Every activity may begin on some day of the programme, and by its due day."""
    due, not_before = dict(world.rules.due), dict(world.rules.not_before)
    openings_of: dict[str, tuple[float, float]] = {}
    for at, activity in enumerate(world.activities[1:]):
        first = max(activity.window[0] if activity.window else 0.0, not_before.get(activity.id, 0.0))
        last = min(activity.window[1] if activity.window else float("inf"), world.programme.horizon_days)
        openings_of[activity.id] = (first, last)
        reversed_ = activity.window is not None and activity.window[0] > activity.window[1]
        if first > last and not reversed_ and world.programme.horizon_days > 0.0:
            report.cell(ACTIVITIES, at, "window", f"{activity.id!r} opens on day {first:g}, closes on day {last:g}",
                        "some day of the programme on which it may begin",
                        f"0-{world.programme.horizon_days:g}")  # fmt: skip
        if due.get(activity.id, first) < first:
            report.toml(f"rules.due.{activity.id}", f"due on day {due[activity.id]:g}, opens on day {first:g}",
                        "a due day on or after it opens", first + 7.0)  # fmt: skip
    for name, gate in world.rules.after:
        (_, last), (first, _) = (openings_of.get(one, (0.0, float("inf"))) for one in (name, gate))
        if first > last:
            report.toml(f"rules.after.{name}", f"a gate that opens on day {first:g}, when {name!r} has closed on day "
                        f"{last:g}", "a gate that opens before what lies behind it closes",
                        f"not_before {gate} = {last:g}")  # fmt: skip


def cycle_in(requires: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One circle of prerequisites, its first skill repeated at the end; empty where there is none."""
    done: set[str] = set()
    for start in requires:
        path: list[str] = []
        ahead: list[Iterator[str]] = [iter((start,))]
        while ahead:
            name = next((n for n in ahead[-1] if n not in done and n in requires), None)
            if name is None:
                ahead.pop()
                done.update(path[len(ahead) - 1 :] if path else ())
                del path[max(len(ahead) - 1, 0) :]
            elif name in path:
                return (*path[path.index(name) :], name)
            else:
                path.append(name)
                ahead.append(iter(requires[name]))
    return ()

"""What trials found, read from the file beside a law: each effect with its protocol, range, source and mark."""

import tomllib
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from adaptlearn.classroom.packing import MESHING
from adaptlearn.classroom.timetable import Visit
from adaptlearn.core.refusal import Fault, Refusal

MARKS = ("read", "measured", "recalled")
TRIALS = ("g", "g_later", "g_mode", "r", "r_gain", "slope")  #: statistics of a single-skill trial
PATHS = ("path_g", "path_half_life", "path_stays", "path_reaction", "path_finished")  #: statistics of whole programmes
TWO_ARMS = ("g", "slope", "path_finished")  #: these need a control; path_g without one is against no programme
COMPARED = ("g", "g_mode", "path_g")  #: treatments compared: what a bias in publishing inflates


@dataclass(frozen=True)
class Line:
    """Some visits of an arm: the same activity on these days."""

    do: str  # name of the activity
    days: tuple[float, ...]
    activity: dict[str, float]  # its columns of FEATURES
    items: int = 0  # asked at each visit

    def visits(self) -> list[Visit]:
        """One Visit per day."""
        return [Visit(day, self.activity, (self.items,), repeats=j) for j, day in enumerate(self.days)]


@dataclass(frozen=True)
class Programme:
    """An arm of a whole programme."""

    policy: str
    mandatory: bool
    motivation: float = 0.0  # SD by which everyone's own level of motivation is raised


@dataclass(frozen=True)
class Contrast:
    """One published effect with the protocol under which the simulated trial must show it."""

    id: str
    quantity: str
    protocol: str  # in words: dose, days, delay, items, learners
    statistic: str  # TRIALS or PATHS
    value: float  # the source's point estimate
    low: float
    high: float
    range: str  # where low and high come from
    source: str
    mark: str  # read | measured | recalled
    pool: str  # who was studied
    treated: Any  # tuple[Line, ...] or Programme
    control: Any = None
    unit: str = "g"
    sets: str = ""  # the law's constant that this contrast mostly decides
    over: tuple[str, ...] = ()  # constants already at work in the control arm
    meshing: str = "null"
    shift: float = 0.0  # of the learners' prior level, logit
    items: int = 20  # of the test
    test_after: float = 7.0  # days from the arm's last visit to its test ...
    test_day: float = 0.0  # ... or the day of the test in every arm; 0 = as test_after says
    later: float = 400.0  # days between two tests, where there are two

    @property
    def counted(self) -> bool:
        """Recalled effects are shown, never counted."""
        return self.mark != "recalled"

    def tested(self, visits: list[Visit]) -> float:
        """Day of an arm's test."""
        return self.test_day or max(visit.day for visit in visits) + self.test_after

    @property
    def programme(self) -> bool:
        """Whether it takes a world and policies."""
        return self.statistic in PATHS

    def times(self, share: float) -> "Contrast":
        """The same with a share of the published effect and of its range, where two treatments are compared."""
        if self.statistic not in COMPARED:
            return self
        return replace(self, value=share * self.value, low=share * self.low, high=share * self.high)

    def inside(self, effect: float) -> bool:
        """Whether an effect falls into the range, ends included."""
        return self.low <= effect <= self.high


@dataclass(frozen=True)
class Conflict:
    """Published numbers that cannot all hold, and what was done about it."""

    id: str
    anchors: tuple[str, ...]  # the contrasts concerned
    what: str
    here: str


def conflicts(law: ModuleType) -> tuple[Conflict, ...]:
    """Where the anchors of a law disagree, in the order written.

    Raises:
        ValueError: a conflict names no contrast of the law.
    """
    data = tomllib.loads(file_of(law).read_text("utf-8"))
    found = tuple(Conflict(name, tuple(spec["anchors"]), spec["what"], spec["here"])
                  for name, spec in data.get("conflict", {}).items())  # fmt: skip
    strangers = sorted({name for one in found for name in one.anchors} - set(data["contrast"]))
    if strangers:
        raise ValueError(f"conflicts name {strangers}; needed contrasts of {file_of(law).name}, e.g. 'half_life'")
    return found


def file_of(law: ModuleType) -> Path:
    """The file of contrasts beside a law.

    Raises:
        ValueError: that law has none.
    """
    file = Path(str(law.__file__)).with_suffix(".toml")
    if not file.exists():
        raise ValueError(
            f"law {law.__name__} has no contrasts: {file.name} is not beside it; needed one, or another law's trials, "
            "e.g. trials=workplace"
        )
    return file


def contrasts(source: ModuleType | Path) -> tuple[Contrast, ...]:
    """All contrasts of a law, or of a file, in the order written.

    Raises:
        Refusal: every fault found, each with its key, what was found and what is needed.
    """
    file = source if isinstance(source, Path) else file_of(source)
    data = tomllib.loads(file.read_text("utf-8"))
    faults: list[Fault] = []
    shared = {k: v for k, v in data.get("trial", {}).items() if k != "learners"}
    found = [_contrast(file.name, name, {**shared, **spec}, data.get("activity", {}), faults)
             for name, spec in data.get("contrast", {}).items()]  # fmt: skip
    if faults:
        raise Refusal(faults, str(file))
    return tuple(c for c in found if c is not None)


def _contrast(
    file: str, name: str, spec: dict[str, Any], shelf: dict[str, Any], faults: list[Fault]
) -> Contrast | None:
    known = {f.name for f in fields(Contrast)} - {"id"}
    before = len(faults)

    def fault(key: str, found: object, needed: str, example: str) -> None:
        faults.append(Fault(file, None, f"contrast.{name}.{key}", repr(found), needed, example))

    for key in sorted(set(spec) - known):
        fault(key, key, f"one of {', '.join(sorted(known))}", "low = 0.4")
    needed = [f.name for f in fields(Contrast) if f.default is MISSING and f.name != "id"]
    for key in [key for key in needed if key not in spec]:
        fault(key, "nothing", "a value", "source = 'Yang et al. 2021'")
    if len(faults) > before:
        return None
    if spec["statistic"] not in TRIALS + PATHS:
        fault("statistic", spec["statistic"], f"one of {', '.join(TRIALS + PATHS)}", "g")
    if spec["mark"] not in MARKS:
        fault("mark", spec["mark"], f"one of {', '.join(MARKS)}", "read")
    if not spec["low"] <= spec["value"] <= spec["high"]:
        fault("value", spec["value"], f"a number from low = {spec['low']} to high = {spec['high']}", "0.5")
    if spec.get("meshing", "null") not in MESHING:
        fault("meshing", spec["meshing"], f"one of {', '.join(MESHING)}", "null")
    if spec["statistic"] in TWO_ARMS and "control" not in spec:
        fault("control", "nothing", "a second arm", '[{ do = "lecture", days = [0] }]')
    if len(faults) > before:
        return None
    try:
        arms = {key: _arm(spec[key], spec["statistic"], shelf) for key in ("treated", "control") if key in spec}
    except (ValueError, KeyError, TypeError) as wrong:
        fault(
            "treated/control",
            str(wrong),
            "lines of days and a listed activity, or a policy",
            '{ do = "quiz", days = [1] }',
        )
        return None
    return Contrast(**{**spec, **arms, "id": name, "over": tuple(spec.get("over", ()))})


def _arm(spec: Any, statistic: str, shelf: dict[str, Any]) -> Any:
    if statistic in PATHS:
        return Programme(**spec)
    lines = tuple(_line(dict(line), shelf) for line in spec)
    for line in lines:
        line.visits()
    if not lines:
        raise ValueError("no lines")
    return lines


def _line(spec: dict[str, Any], shelf: dict[str, Any]) -> Line:
    do, days = spec.pop("do"), tuple(float(day) for day in spec.pop("days"))
    if do not in shelf:
        raise ValueError(f"do = {do!r}; needed one of {', '.join(shelf)}")
    if not days or min(days) < 0:
        raise ValueError(f"days = {list(days)}; needed one or more, >= 0")
    columns = {**shelf[do], **spec}
    items = int(columns.pop("items", 0))
    activity = {name: float(value) for name, value in columns.items()}
    return Line(do, days, {**activity, "retrieval": float(items > 0)}, items)

"""The event log: one row per decision. A simulated log and a real one are the same type.

Written as Parquet with units and provenance in the schema, so that a stranger can read it without this package.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.keep import keeping

VERSION = 1  #: of the schema; moves with its meaning
NEEDED = "an event log in Parquet, e.g. of adaptlearn simulate log=log.parquet"

COLUMNS: dict[str, tuple[str, str]] = {
    "learner": ("uint64", "identity of the learner"),
    "step": ("int32", "decision number of this learner, from 0"),
    "day": ("float32", "days since the learner's start"),
    "offered": ("list<int32>", "activities offered, rows of the catalogue; 0 = nothing now"),
    "taken": ("int32", "activity taken, 0 = none"),
    "outcome": ("int8", "0 rest, 1 accepted, 2 substituted, 3 skipped"),
    "completed": ("bool", "the activity was finished"),
    "minutes": ("float32", "minutes spent"),
    "items": ("int16", "items attempted"),
    "correct": ("int16", "items answered correctly"),
    "answers": ("list<uint8>", "correct answers per assessed skill, in catalogue order"),
    "score": ("float32", "correct / items, NaN without items"),
    "rating": ("float32", "stars 1 to 5, 0 = not rated"),
    "gap_days": ("float32", "days until the next decision"),
    "left": ("bool", "the learner left for good afterwards"),
    "propensity": ("list<float32>", "chance with which each offered place was drawn, given the places before it"),
    "role": ("int8", "destination at the time of the decision"),
    "site": ("int8", "subgroup"),
    "tenure": ("int8", "subgroup"),
}
PROFILE: dict[str, tuple[str, str]] = {  # what else a policy was told; without it no other policy can be judged
    "weekly_minutes": ("float32", "minutes a week the learner gives to the programme"),
    "motive": ("int8", "index into project, leadership, personal, compliance; -1 = did not say"),
    "stated": ("int8", "index into visual, auditory, textual, kinesthetic, the survey's word; -1 = did not say"),
    "mandatory": ("bool", "the programme is mandatory for this learner"),
}  #: columns that a log may have or lack, all or none
SAY: dict[str, tuple[str, str]] = {  # where learners may strike off, where seats are scarce
    "vetoed": ("int32", "activity that the learner struck off for good, 0 = none"),
    "full": ("list<int32>", "activities without a seat left for this learner, so not offered; 0 = none"),
}  #: columns that a log may have or lack, each by itself


@dataclass(frozen=True)
class EventLog:
    """Columns of equal length (lists as 2-D arrays), and where they come from."""

    columns: Mapping[str, NDArray[Any]]
    policy: str
    policy_version: str
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [name for name in COLUMNS if name not in self.columns]
        if missing:
            raise ValueError(f"an event log without {missing}; needed all of {', '.join(COLUMNS)}")
        told = [name for name in PROFILE if name in self.columns]
        if told and len(told) < len(PROFILE):
            raise ValueError(f"an event log with {told} alone; needed all of {', '.join(PROFILE)}, or none of them")
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of different length: {lengths}; needed one row per decision in each")

    def __len__(self) -> int:
        return len(self.columns["learner"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    @property
    def profiled(self) -> bool:
        """Whether it says what policies were told of each learner (PROFILE)."""
        return all(name in self.columns for name in PROFILE)

    def save(self, path: str | Path) -> Path:
        """Write Parquet, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrays, fields = [], []
        more = (PROFILE if self.profiled else {}) | {name: SAY[name] for name in SAY if name in self.columns}
        for name, (kind, meaning) in (COLUMNS | more).items():
            column = np.ascontiguousarray(self.columns[name])
            flat = pa.array(column.ravel()).cast(_arrow(kind.removeprefix("list<").removesuffix(">")))
            offsets = np.arange(len(column) + 1, dtype=np.int32) * column.shape[-1] if column.ndim == 2 else None
            arrays.append(flat if offsets is None else pa.ListArray.from_arrays(offsets, flat))
            fields.append(pa.field(name, _arrow(kind), metadata={"meaning": meaning}))
        about = {"adaptlearn_log": str(VERSION), "policy": self.policy, "policy_version": self.policy_version,
                 "provenance": json.dumps(dict(self.provenance), sort_keys=True)}  # fmt: skip
        table = pa.table(arrays, schema=pa.schema(fields, metadata=about))
        with keeping(path) as out:
            pq.write_table(table, out)
        return Path(path)


def is_ours(path: str | Path) -> bool:
    """Whether a file is an event log that :meth:`EventLog.save` wrote; False for what cannot be read, too."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if Path(path).suffix != ".parquet":
        return False
    try:
        return b"adaptlearn_log" in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowInvalid):
        return False


def load(path: str | Path) -> EventLog:
    """Read a log written by :meth:`EventLog.save`.

    Raises:
        ValueError: no such file, not a log of this package, not a whole one, or of a version it cannot read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else "something else, or only a part"
        raise ValueError(f"{path}: found {found}; needed {NEEDED}") from error
    about = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    if "adaptlearn_log" not in about:
        raise ValueError(f"{path}: found another table; needed {NEEDED}")
    if (version := about["adaptlearn_log"]) != str(VERSION):
        raise ValueError(f"{path}: schema version {version}; needed {VERSION}, e.g. a file written by EventLog.save")
    names = [*COLUMNS, *(name for name in (*PROFILE, *SAY) if name in table.column_names)]
    columns = {name: _array(table.column(name).combine_chunks(), f"{path}: {name}") for name in names}
    return EventLog(columns, about["policy"], about["policy_version"], json.loads(about["provenance"]))


def _array(column: Any, place: str) -> NDArray[Any]:
    """A column as an array of its own type, a column of lists as rows."""
    if not hasattr(column, "flatten") or not hasattr(column, "offsets"):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    lengths = np.unique(column.value_lengths().to_numpy(zero_copy_only=False))
    if len(lengths) > 1:
        raise ValueError(f"{place}: lists of {lengths.tolist()} values; needed the same number in every row, e.g. 3")
    flat = np.asarray(column.flatten().to_numpy(zero_copy_only=False))
    return flat.reshape(len(column), int(lengths[0]) if len(lengths) else 1)


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    if kind.startswith("list<"):
        return pa.list_(_arrow(kind[5:-1]))
    return pa.bool_() if kind == "bool" else getattr(pa, kind)()

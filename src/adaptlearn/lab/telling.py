"""``adaptlearn serve log``: what a service wrote down, as an event log or as a table of answers."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from adaptlearn.lab.compose import WRITTEN
from adaptlearn.lab.tables import progress


@dataclass
class Config:
    """Keys of this verb."""

    database: str | None = None  # sqlite:///FILE or postgresql+psycopg://...; null: ADAPTLEARN_DATABASE, or a file
    tenant: str | None = None  # null: all of them
    bundle: str | None = None  # whose decisions, the beginning of a digest; null: the champion's
    to: str = field(default="log.parquet", metadata=WRITTEN)  # .parquet: an event log; .csv: answers; .jsonl: lines
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Write the log, say what is in it and what had to be left out.

    Raises:
        ValueError: no such store or bundle, another ending, or nothing to write.
    """
    from adaptlearn.export.serve.verbs import required

    required()
    from adaptlearn.export.serve.looking import fleet_of, opened

    ending = config.to.rpartition(".")[2]
    if ending not in WRITERS:
        raise ValueError(f"to={config.to}; needed a name that ends in {', '.join(f'.{e}' for e in WRITERS)}, "
                         "e.g. to=log.parquet")  # fmt: skip
    store = opened(config.database)
    fleet = fleet_of(store)
    with progress("reading lives", config.format == "json") as tell:
        written, left = WRITERS[ending](config, store, fleet, tell)
    print(f"{config.to}: {written}")
    for why, count in left.most_common():
        print(f"left out: {count:,} learners, as {why}")


def lives_of(config: Config, store: Any, tell: Any) -> Any:
    """Lives of everybody, one after the other."""
    from adaptlearn.export.serve.lives import life, names

    with store.reading() as t:
        who = names(t, tenant=config.tenant)
    for count, name in enumerate(who):
        if count % 100 == 0:
            tell(f"{count:,} of {len(who):,} learners")
        with store.reading() as t:
            yield life(t, *name)


def told(config: Config, store: Any, fleet: Any, tell: Any) -> tuple[list[dict[str, Any]], Counter[str], Any]:
    """Decision lines of one bundle, what was left out, and the bundle.

    Raises:
        ValueError: no such bundle, or no line.
    """
    from adaptlearn.export.serve.eventlog import lines_of, untellable

    digest = next((d for d in fleet.known if d.startswith(config.bundle or fleet.champion.digest)), None)
    if digest is None:
        known = ", ".join(d[:12] for d in fleet.known)
        raise ValueError(f"bundle={config.bundle}: not in this store; needed the beginning of one of {known}")
    runtime, lines, left = fleet.known[digest].runtime, [], Counter[str]()
    for one in lives_of(config, store, tell):
        if why := untellable(one, digest, runtime):
            left[why] += 1
            continue
        lines += lines_of(one, digest, runtime, fleet.words)
    if not lines:
        said = "; ".join(f"{n} learners left out, as {why}" for why, n in left.items()) or "nobody was answered yet"
        raise ValueError(f"no decision of {digest[:12]} with its outcome ({said}); needed at least one")
    return lines, left, runtime


def event_log(config: Config, store: Any, fleet: Any, tell: Any) -> tuple[str, Counter[str]]:
    """The type that ``judge`` and ``calibrate`` read."""
    from adaptlearn.core.log import EventLog
    from adaptlearn.export.runtime import lines as spoken

    lines, left, runtime = told(config, store, fleet, tell)
    columns = spoken.columns(lines, runtime.shelf.catalogue, runtime.contract)
    policy, world = runtime.contract.policy, runtime.contract["world"]["name"]
    about = {"source": "a service's store", "world": world}
    about |= {"left out": "; ".join(f"{n} {why}" for why, n in left.items())} if left else {}
    EventLog(columns, policy["name"], policy["version"], about).save(config.to)
    return f"{len(lines):,} decisions of {len(set(columns['learner'].tolist())):,} learners by {runtime.policy}", left


def decision_lines(config: Config, store: Any, fleet: Any, tell: Any) -> tuple[str, Counter[str]]:
    """One JSON object per decision, with learners by name."""
    import json

    from adaptlearn.core.keep import keep

    lines, left, runtime = told(config, store, fleet, tell)
    keep(config.to, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return f"{len(lines):,} decision lines of {runtime.policy}", left


def answers(config: Config, store: Any, fleet: Any, tell: Any) -> tuple[str, Counter[str]]:
    """The table of answers that ``trace`` and ``calibrate`` read; learners are numbers."""
    from adaptlearn.core.keep import keep
    from adaptlearn.export.serve.eventlog import ANSWERS, answers_of

    held, count = io.StringIO(), 0
    rows = csv.DictWriter(held, ANSWERS, lineterminator="\n")
    rows.writeheader()
    for number, one in enumerate(lives_of(config, store, tell)):
        for row in answers_of(one, number):
            rows.writerow(row)
            count += 1
    if not count:
        raise ValueError("nobody has answered anything yet; needed at least one answer")
    keep(config.to, held.getvalue())
    return f"{count:,} answers", Counter()


WRITERS = {"parquet": event_log, "csv": answers, "jsonl": decision_lines}

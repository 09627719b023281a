"""``adaptlearn statements``: an event log as xAPI statements, for a learning record store."""

from dataclasses import dataclass
from datetime import UTC, datetime

from adaptlearn.lab.tables import progress


@dataclass
class Config:
    """Keys of this verb."""

    log: str = ""  # a Parquet file, as `adaptlearn simulate log=...` writes
    to: str = "statements.jsonl.gz"  # .json: an array, .jsonl: lines; with .gz packed
    env: str | None = None  # the world that the log comes from; null: as the log says
    salt: str = ""  # people are keyed hashes of their number in the log; words that only you know
    home: str = "https://lms.example.com"  # an address of yours, below which accounts and activities stand
    start: str = "2000-01-01T00:00:00+00:00"  # moment of day 0
    version: str = "1.0.3"  # 1.0.3 | 2.0.0
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Read a log, write statements.

    Raises:
        ValueError: no log, no salt, a world that is not the log's.
    """
    from adaptlearn.core.log import load as load_log
    from adaptlearn.core.world import load
    from adaptlearn.interchange.xapi_writing import Writing, write

    if not config.log:
        raise ValueError(
            "log is not given; needed a Parquet file, e.g. the one of `adaptlearn simulate log=log.parquet`"
        )
    try:
        start = datetime.fromisoformat(config.start)
    except ValueError as error:
        raise ValueError(f"start={config.start}: {error}; needed a moment, e.g. 2026-03-01T08:00:00+00:00") from error
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    writing = Writing(config.salt, config.home, start, config.version)
    log = load_log(config.log)
    world = load(config.env or log.provenance.get("world", ""))
    with progress(f"writing {len(log):,} statements", config.format == "json"):
        count = write(log, world, config.to, writing)
    print(f"written: {config.to} ({count:,} statements, xAPI {config.version})")

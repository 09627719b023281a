"""What whoever runs the service may choose."""

from dataclasses import dataclass

from .bundled import Refused


@dataclass(frozen=True)
class Settings:
    """Choices of one service; every worker has the same."""

    database: str = "sqlite:///adaptlearn-serve.db"  # or postgresql+psycopg://user:password@host/name
    seed: int = 0  # of the luck with which policies that draw decide
    most_body: int = 65_536  # bytes of one request
    most_statements_body: int = 4_194_304  # bytes of one request with xAPI statements
    most_statements: int = 500  # statements in one request
    most_waiting: int = 2_000  # requests that wait for the desk before the service says that it is busy
    most_batch: int = 64  # requests that are decided and written together
    gather_seconds: float = 0.004  # how long a request waits for others to be written with, while they come densely
    learners_held: int = 40_000  # records kept in memory, some 4 kB each
    snapshot_every: int = 8  # events of a learner between two records written; a cold start reads at most so many
    contact: str = ""  # whom learners ask to be erased, on their page; empty: whoever gave them the link
    poll_seconds: float = 0.5  # between two looks at the aliases: how fast a rollback arrives

    def __post_init__(self) -> None:
        if not self.database.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise Refused("database", self.database.partition("://")[0], "sqlite:/// and a file, or "
                          "postgresql+psycopg://", "sqlite:///learners.db")  # fmt: skip
        for name in ("most_body", "most_statements_body", "most_statements", "most_waiting", "most_batch",
                     "gather_seconds", "learners_held", "snapshot_every", "poll_seconds"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise Refused(name, getattr(self, name), "a number above 0", str(getattr(Settings, name)))

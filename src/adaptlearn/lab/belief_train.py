"""``adaptlearn belief train``: train a belief about learners on simulated histories, keep it as one file."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from adaptlearn.core.refusal import nearest
from adaptlearn.lab import checkpoint
from adaptlearn.lab.compose import WRITTEN, Common
from adaptlearn.lab.following import clock
from adaptlearn.lab.pieces import rules_of
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import tracked


@dataclass
class Config(Common):
    """Keys of this verb."""

    law: str = ""  # empty: those of laws=
    laws: list[str] = field(default_factory=lambda: ["workplace"])  # under which histories arise, in turn
    settings: dict[str, Any] = field(default_factory=dict)  # of the training, e.g. settings.rounds=100
    to: str = field(default="belief.npz", metadata=WRITTEN)  # where the belief goes
    track: bool = True


def run(config: Config) -> None:
    """Train, keep, track. Attendance that nobody fixes is mandatory and voluntary in turn."""
    import time

    from adaptlearn.agents.belief_fit import TEACHERS, fit

    laws = [config.law] if config.law else config.laws
    attendance = (True, False) if config.mandatory is None else (config.mandatory,)
    rooms = [rules_of(config, law=law, mandatory=each) for law in laws for each in attendance]
    settings, began, last = settings_of(config), time.monotonic(), {}
    with tracked("belief train", config, "belief", agent="belief") as tracker:
        with progress("training a belief", config.format == "json") as tell:

            def report(values: dict[str, float]) -> None:
                done = values["round"]
                left = (time.monotonic() - began) / done * (settings.rounds - done)
                last.update(values)
                tell(f"round {done:.0f} of {settings.rounds} · score {values['score']:.3f} · held out "
                     f"{last.get('held_out', float('nan')):.3f} · {clock(left)} left")  # fmt: skip
                tracker.metrics(values, int(done))

            belief = fit(rooms, config.seed, settings, progress=report)
        about = {"world": rooms[0].world.name, "laws": ",".join(laws), "catalogue": config.catalogue,
                 "mandatory": ",".join(str(each).lower() for each in attendance), "seed": config.seed,
                 "taught by": ",".join(sorted({*TEACHERS}))}  # fmt: skip
        file = checkpoint.save(config.to, belief, checkpoint.BELIEF, belief.shape, about)
        tracker.artifact(file)
    row = {"belief": file.name, "world": about["world"], "laws": about["laws"], "rounds": int(last["round"]),
           "learners": int(last["round"]) * settings.learners, "log_score_held_out": last["held_out"]}  # fmt: skip
    show([row], format=config.format, notes=[*NOTES, f"kept: {file}", *([tracker.link()] if config.track else []),
                                             f"next: adaptlearn belief check belief={file}",
                                             f"      adaptlearn train agent=linear belief={file}"])  # fmt: skip


NOTES = ("Simulated learners. log score: mean log density, in nats, of the logit of true levels, today and at the "
         "retention check, over all skills.",)  # fmt: skip


def settings_of(config: Config) -> Any:
    """The settings of the training.

    Raises:
        ValueError: one that it does not have, or a value that it cannot take.
    """
    from adaptlearn.agents.belief_fit import Settings

    known = [f.name for f in fields(Settings)]
    for name in config.settings:
        if name not in known:
            like = nearest(name, known)
            raise ValueError(f"settings.{name} is no setting of a belief; needed one of {', '.join(known)}, "
                             f"e.g. settings.{like}={asdict(Settings())[like]}")  # fmt: skip
    return Settings(**config.settings)

"""What a decision's graph asks for and gives: names, types, shapes, meanings. The contract repeats them."""

from dataclasses import dataclass

from adaptlearn.core.record import AXES, ViewSpec
from adaptlearn.export.record import HAPPENED

HISTORY = 3  #: floats of history per learner and activity


@dataclass(frozen=True)
class Port:
    """One input or output of the graph; a shape of words and numbers, words being dynamic."""

    name: str
    kind: str  # float32 | bool | int64
    shape: tuple[str | int, ...]
    meaning: str


def inputs_of(n_skills: int, n_features: int, memory: int, thought: int) -> tuple[Port, ...]:
    """What the graph asks for, in order."""
    spec, f, each = ViewSpec(n_skills), n_features, "learners"
    ports = [
        Port(
            "record", "float32", (each, spec.record_size), "what is known of each learner, as the last call returned it"
        ),
        Port("happened", "float32", (each, len(HAPPENED)), "what became of the last decision, by happened_names"),
        Port("offered", "float32", (each, "shown", f), "rows of the activities shown, best first"),
        Port("taken", "float32", (each, f), "row of the activity taken; zeros: none"),
        Port(
            "about", "float32", (each, f), "row the reaction is about; zeros: the row taken, else the first row offered"
        ),
        Port("items", "float32", (each, n_skills), "items answered on each skill"),
        Port("correct", "float32", (each, n_skills), "of those, answered correctly"),
        Port("profile", "float32", (each, spec.profile_size), "target weight per skill, then profile_names"),
        Port("now", "float32", (each, 1), "day of this decision, days since the learner's start"),
        Port("catalogue", "float32", ("activities", f), "rows of the activities as declared; row 0 is nothing now"),
        Port(
            "history", "float32", (each, "activities", HISTORY), "visits / 2, 1 / (1 + days since / 7), 1 if ever taken"
        ),
        Port("mask", "bool", (each, "activities"), "what may be offered now; nothing now always may"),
        Port("temperature", "float32", (1,), "0 takes the best; above 0 draws from softmax(scores / temperature)"),
        Port("luck", "float32", (each, "places"), "one uniform in [0, 1) per place; at least one place"),
    ]
    if memory:
        ports.append(Port("memory", "float32", (each, memory), "the policy's own, zeros for a newcomer"))
    if thought:
        ports.append(Port("thought", "float32", (each, thought), "uniforms in [0, 1) for policies that draw"))
    return tuple(ports)


def outputs_of(n_skills: int, memory: int) -> tuple[Port, ...]:
    """What the graph gives, in order."""
    spec, each = ViewSpec(n_skills), "learners"
    ports = [
        Port("record_after", "float32", (each, spec.record_size), "the record with the event in it: keep it"),
        Port("choice", "int64", (each, "places"), "rows of the catalogue, drawn one after the other"),
        Port("propensity", "float32", (each, "places"), "chance of each, given the places before it: log it"),
        Port("probabilities", "float32", (each, "activities"), "chances of the first place"),
        Port("mastery", "float32", (each, n_skills), "P(known) of each skill on this day"),
        Port("preference", "float32", (each, len(AXES)), "belief over format preferences, means, by preference_names"),
    ]
    if memory:
        ports.append(Port("memory_after", "float32", (each, memory), "keep it"))
    return tuple(ports)

"""What the service wrote down, as the laboratory reads it: decision lines for judging policies, answers for tracing.

A log tells a life by its decisions. Where a record was moved by something that no decision line can say, another policy
could not be told the same, and the life is left out and counted under its reason.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .bundled import Recommendation, Runtime, advice, intake, luck
from .lives import Life, moments
from .standing import DAY
from .words import Words, translated

ANSWERS = ("learner", "skill", "correct", "day")  #: columns of a table of answers


def untellable(one: Life, digest: str, runtime: Runtime) -> str:
    """Why a life cannot be told by the decisions of one bundle; "" where it can."""
    if any(decision["bundle"] != digest for decision in one.decisions if decision["id"] in one.answers):
        return "another bundle decided too"
    kinds = {event["kind"] for event in one.events} - {"profile", "observed", "opted"}
    if kinds:
        return "the learner's own word counted"
    if any(event["kind"] == "observed" and event["decision"] is None and not intake.seats_alone(event["body"])
           for event in one.events):  # fmt: skip
        return "something was done that no decision offered"
    if any(event["body"].get("role") not in runtime.contract.roles for event in one.events
           if event["kind"] == "profile"):  # fmt: skip
        return "the goal was no role of the bundle"
    return ""


def lines_of(one: Life, digest: str, runtime: Runtime, words: Words) -> Iterator[dict[str, Any]]:
    """A life as decision lines, in the words of ``lines``; decisions that were never answered are left out."""
    for moment in moments(one, {digest: runtime}, words):
        if moment.answer is None:
            continue
        body = {k: v for k, v in moment.answer["body"].items() if k not in ("memory", "policy")}
        given = _advice(one, moment.decision["body"], moment.before.record)
        yield runtime.line(given, translated(body, runtime, words))


def _advice(one: Life, line: Mapping[str, Any], record: Any) -> Recommendation:
    """A decision as it was given, as far as a line asks."""
    choices = tuple(advice.Choice(a, a, p, "", "") for a, p in zip(line["offered"], line["propensity"], strict=True))
    return Recommendation(one.learner, line["day"], choices, {}, {}, line["policy"], line["fallback"], record)


def answers_of(one: Life, number: int) -> Iterator[dict[str, Any]]:
    """A life as answers, one row each; those of one visit in an order drawn by luck, for they have none of their own.

    ``number`` stands for the learner.
    """
    started = next((event["at"] for event in one.events), 0.0)
    for event in one.events:
        body = event["body"]
        for skill, asked in (body.get("items") or {}).items() if event["kind"] == "observed" else ():
            right = int((body.get("correct") or {}).get(skill, 0))
            order = luck.uniforms(0, "answers", f"{number}/{skill}", event["seq"], int(asked)).argsort(kind="stable")
            day = body.get("day", (event["at"] - started) / DAY)
            for place in order:
                yield {"learner": number, "skill": skill, "correct": int(place < right), "day": day}


__all__ = ["ANSWERS", "answers_of", "lines_of", "untellable"]

"""What is done together, in one transaction: events taken, learners looked up, decisions made.

Whoever was refused changed nothing; everything else is written at the end, all of it or nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlalchemy import Connection

from .bundled import Recommendation, Refused, intake
from .held import Held
from .policies import Fleet, Served
from .rebuild import all_refolded, record_row, refolded
from .settings import Settings
from .standing import Standing, fold
from .store import Store

OPTED_OUT = "the learner wishes it so"
Name = tuple[str, str]  #: tenant, learner


class Unknown(Refused):
    """A learner or decision that this tenant does not have; says nothing about other tenants."""


class Taken(Refused):
    """An idempotency key under which something else was sent."""


@dataclass(frozen=True)
class Told:
    """One event on its way in."""

    tenant: str
    learner: str
    kind: str
    key: str
    body: Mapping[str, Any]
    at: float  # when it arrived
    decision: str | None = None
    when: float | None = None  # when it happened, where that is known and no day is said


@dataclass(frozen=True)
class Asked:
    """One question on its way in."""

    tenant: str
    learner: str
    at: float
    k: int = 1
    day: float | None = None  # None: by the clock
    profile: Told | None = None  # taken first, where it is not what is known


@dataclass
class Batch:
    """One transaction's work. ``answers`` are Futures' values to be, an exception where an ask was refused."""

    store: Store
    held: Held
    fleet: Fleet
    settings: Settings
    t: Connection
    last: dict[Name, tuple[int, str]] = field(default_factory=dict)  # seq and key of each learner's last event
    taken: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)  # events by (tenant, key)
    standings: dict[tuple[str, str, str], Standing] = field(default_factory=dict)  # as this batch leaves them
    made: dict[str, dict[str, Any]] = field(default_factory=dict)  # decisions of this batch by id
    events: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)

    def expect(self, names: Sequence[Name], keys: Sequence[tuple[str, str]]) -> None:
        """Hold these learners, and look up where they are and which keys are taken."""
        for tenant in dict.fromkeys(name[0] for name in names):
            learners = list(dict.fromkeys(name for owner, name in names if owner == tenant))
            self.store.hold(self.t, tenant, learners)
            found = self.store.last(self.t, tenant, learners)
            self.last |= {(tenant, learner): last for learner, last in found.items()}
            rows = self.store.by_key(self.t, tenant, [key for owner, key in keys if owner == tenant])
            self.taken |= {(tenant, key): row._asdict() for key, row in rows.items()}
            self._met(tenant, learners)

    def _met(self, tenant: str, learners: Sequence[str]) -> None:
        """Make ready, all together, who is not in memory as the store has them."""
        absent: dict[str, tuple[Served, list[str]]] = {}
        for learner in learners:
            _, served = self.fleet.decider(tenant, learner)
            held = self.held.standing((tenant, learner, served.layout))
            last = self.last[tenant, learner]
            if last[0] >= 0 and (held is None or (held.seq, held.key) != last):
                absent.setdefault(served.layout, (served, []))[1].append(learner)
        for layout, (served, some) in absent.items():
            made = all_refolded(self.store, self.t, tenant, some, served, self.fleet.words)
            self.standings |= {(tenant, learner, layout): one for learner, one in made.items()}

    # --- learners -----------------------------------------------------------------------------------------------

    def standing(self, tenant: str, learner: str, served: Served) -> Standing | None:
        """Where a learner stands now, under the layout of a bundle; None: nobody knows them."""
        name = (tenant, learner, served.layout)
        seq, key = self.last[tenant, learner]
        for found in (self.standings.get(name), self.held.standing(name)):
            if found is not None and (found.seq, found.key) == (seq, key):
                return found
        if seq < 0:
            return None
        since = [row for row in self.events if (row["tenant"], row["learner"]) == (tenant, learner)]
        found = refolded(self.store, self.t, tenant, learner, served, self.fleet.words, since=since)
        if found is not None:
            self.standings[name] = found
        return found

    # --- events -------------------------------------------------------------------------------------------------

    def tell(self, told: Told) -> dict[str, Any]:
        """Take an event.   -> id, learner, seq, step, duplicate

        Raises:
            Refused: what the runtime refuses; Taken, Unknown.
        """
        sent = _digest(told.kind, told.learner, told.decision, told.when, told.body)
        before = self.taken.get((told.tenant, told.key))
        if before is not None:
            if before["sent"] != sent:
                raise Taken("id", told.key, "an id of its own for each event; under this one another was taken")
            return {"id": told.key, "learner": told.learner, "seq": before["seq"], "duplicate": True}
        _, served = self.fleet.decider(told.tenant, told.learner)
        standing = self.standing(told.tenant, told.learner, served)
        if standing is None and told.kind != "profile":
            raise Unknown("learner", told.learner, "a learner with a profile", "'profile': {'role': ...}")
        body, decision = dict(told.body), told.decision
        if told.kind == "observed":
            body, decision = self._resolved(told, standing)
        seq = self.last[told.tenant, told.learner][0] + 1
        event = {"tenant": told.tenant, "learner": told.learner, "seq": seq, "key": told.key, "kind": told.kind,
                 "at": told.at, "decision": decision, "body": body, "sent": sent}  # fmt: skip
        after = fold(standing, event, served.runtime, self.fleet.words)
        self._keep(event, after, served)
        return {"id": told.key, "learner": told.learner, "seq": seq, "duplicate": False}

    def _keep(self, event: dict[str, Any], after: Standing, served: Served) -> None:
        tenant, learner, seq = event["tenant"], event["learner"], event["seq"]
        row = event | {"body": json.dumps(event["body"], separators=(",", ":"))}
        self.events.append(row)
        self.taken[tenant, event["key"]] = row
        self.last[tenant, learner] = (seq, event["key"])
        self.standings[tenant, learner, served.layout] = after
        if seq % self.settings.snapshot_every == self.settings.snapshot_every - 1:
            self.records.append(record_row(tenant, learner, served.layout, after))

    def _resolved(self, told: Told, standing: Standing | None) -> tuple[dict[str, Any], str | None]:
        """An event with the decision it answers, what was offered then, and its day.

        Without a decision's id it is the one since the learner's last event, if what was offered is not another slate.
        """
        assert standing is not None
        row, body = self._decision(told), dict(told.body)
        if intake.seats_alone(body):  # no answer to a decision: it is still open
            body.setdefault("day", standing.day(told.at if told.when is None else told.when))
            return body, None
        chosen = json.loads(row["body"]) if row is not None else None
        if row is not None and chosen is not None and told.decision is None:
            answered = row["seq"] <= standing.seq  # something was told since
            if answered or body.get("offered", chosen["offered"]) != chosen["offered"]:
                row = chosen = None
        if chosen is not None:
            body["offered"] = chosen["offered"]
            if "memory" in chosen and chosen["step"] == standing.record.step:
                body |= {"memory": chosen["memory"], "policy": chosen["policy"]}
        elif body.get("taken") is not None:
            body.setdefault("offered", [body["taken"]])  # nobody offered it: the learner's own choice
        body.setdefault("day", standing.day(told.at if told.when is None else told.when))
        return body, row["id"] if row is not None else None

    def _decision(self, told: Told) -> Mapping[str, Any] | None:
        own = [row for row in self.made.values() if (row["tenant"], row["learner"]) == (told.tenant, told.learner)]
        if told.decision is None:
            rows = own[-1:] or [row._asdict() for row in self.store.decisions(self.t, told.tenant, told.learner)]
            return rows[0] if rows else None
        latest = self.held.decision((told.tenant, told.learner))
        for known in (*own, latest):
            if known is not None and known["id"] == told.decision:
                return known
        row = self.store.decision(self.t, told.tenant, told.decision)
        if row is None or row.learner != told.learner:
            raise Unknown("decision", told.decision, "the id of a decision about this learner, as recommend gave it")
        return row._asdict()

    def forget(self, tenant: str, learner: str) -> None:
        """The learner was erased in this transaction: nothing made of them so far in it is written or kept."""
        who = (tenant, learner)
        self.events = [row for row in self.events if (row["tenant"], row["learner"]) != who]
        self.records = [row for row in self.records if (row["tenant"], row["learner"]) != who]
        self.made = {name: row for name, row in self.made.items() if (row["tenant"], row["learner"]) != who}
        self.taken = {name: row for name, row in self.taken.items() if (row["tenant"], row["learner"]) != who}
        self.standings = {name: one for name, one in self.standings.items() if name[:2] != who}
        self.last[who] = (-1, "")
        self.held.forget(tenant, learner)

    # --- decisions ----------------------------------------------------------------------------------------------

    def decide(self, asked: Sequence[Asked]) -> list[dict[str, Any] | Exception]:
        """Answer many questions; those of one bundle, slate and reason in one call of its graph."""
        answers: list[dict[str, Any] | Exception] = [Unknown("learner", "", "")] * len(asked)
        groups: dict[tuple[str, str, int, str], list[tuple[int, Asked, Standing, float]]] = {}
        for i, one in enumerate(asked):
            try:
                standing = self._introduced(one)
            except Refused as refusal:
                answers[i] = refusal
                continue
            alias, served = self.fleet.decider(one.tenant, one.learner)
            why = self.fleet.paused or (OPTED_OUT if standing.opted_out else "")
            day = standing.day(one.at) if one.day is None else one.day
            groups.setdefault((alias, served.digest, one.k, why), []).append((i, one, standing, day))
        for (alias, digest, k, why), members in groups.items():
            served, records = self.fleet.known[digest], [standing.record for _, _, standing, _ in members]
            days = [day for *_, day in members]
            said = served.runtime.recommend_many(records, k=k, days=days, syllabus=why)
            shadows = self._shadowed(members, k)
            for (i, one, standing, day), advice, shadow in zip(members, said, shadows, strict=True):
                answers[i] = self._logged(one, standing, day, advice, alias, served, shadow)
        return answers

    def _introduced(self, asked: Asked) -> Standing:
        """The learner's standing, once a profile that says something new was taken."""
        _, served = self.fleet.decider(asked.tenant, asked.learner)
        standing = self.standing(asked.tenant, asked.learner, served)
        told = asked.profile
        if told is not None and (standing is None or _other(told.body, standing.profile)):
            self.tell(told)
            standing = self.standing(asked.tenant, asked.learner, served)
        if standing is None:
            raise Unknown("learner", asked.learner, "a learner with a profile", "'profile': {'role': ...}")
        return standing

    def _shadowed(self, members: Sequence[tuple[int, Asked, Standing, float]], k: int) -> list[str | None]:
        """What the shadow would have offered, as JSON; None where there is none. Its troubles are its own."""
        shadow = self.fleet.shadow
        if shadow is None:
            return [None] * len(members)
        try:
            standings = [self.standing(one.tenant, one.learner, shadow) for _, one, _, _ in members]
            records = [standing.record for standing in standings if standing is not None]
            said = shadow.runtime.recommend_many(records, k=k, days=[day for *_, day in members])
            return [json.dumps({"bundle": shadow.digest, "offered": advice.ids}) for advice in said]
        except (Refused, ValueError) as trouble:
            return [json.dumps({"bundle": shadow.digest, "trouble": str(trouble)[:200]})] * len(members)

    def _logged(
        self, asked: Asked, standing: Standing, day: float, advice: Recommendation, alias: str, served: Served,
        shadow: str | None,
    ) -> dict[str, Any]:  # fmt: skip
        """A decision as it is kept, and as it is answered."""
        runtime = served.runtime
        chances = [choice.propensity for choice in advice.choices]
        body: dict[str, Any] = {"day": float(np.float32(day)), "step": advice.step, "k": asked.k, "seed": runtime.seed,
                                "policy": runtime.policy, "offered": advice.ids, "propensity": chances,
                                "fallback": advice.fallback}  # fmt: skip
        if runtime.contract.policy["memory_size"]:
            body["memory"] = [float(v) for v in advice.record.memory]
        address = [asked.tenant, asked.learner, standing.seq, standing.key, body["day"], asked.k, served.digest]
        text = json.dumps([*address, advice.fallback]).encode()
        name = blake2b(text, key=self.store.secret, digest_size=16).hexdigest()
        row = {"id": name, "tenant": asked.tenant, "learner": asked.learner, "seq": standing.seq + 1, "at": asked.at,
               "bundle": served.digest, "alias": alias, "body": json.dumps(body, separators=(",", ":")),
               "shadow": shadow}  # fmt: skip
        self.made[name] = row
        return {"decision": name, "learner": asked.learner, "step": advice.step, "day": body["day"],
                "choices": [{"activity": c.activity, "title": c.title, "propensity": c.propensity, "skill": c.skill,
                             "why": c.why} for c in advice.choices],
                "policy": runtime.policy, "fallback": advice.fallback}  # fmt: skip

    def write(self) -> None:
        """Everything that this batch has made, into the transaction."""
        self.store.write(self.t, events=self.events, decisions=list(self.made.values()), records=self.records)


def _digest(*told: Any) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _other(told: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Does a profile say something that is not known? When the learner started is asked once."""
    return any(known.get(name) != value for name, value in told.items() if name != "started")

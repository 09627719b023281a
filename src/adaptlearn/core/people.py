"""Who learns, as a person writes it down: ``population.toml`` becomes a Population, or a sentence says why not."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core.learner import DRAWN, MOST_GROUPS, MOTIVES, SHARES, Population

SECTIONS = {
    "population": ("title", "provenance"), "traits": DRAWN, "shares": (*SHARES, "role_by_motive"),
    "change": ("rate", "day_mean", "day", "to"), "wishes": ("same", "misjudged"),
}  # fmt: skip


def read(file: Path, roles: tuple[str, ...]) -> Population:
    """One file; every key is optional, and an unknown one is an error (``[sources]`` is free text).

    Raises:
        ValueError: naming the file, the key, what was found and what is needed.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: text that is not TOML: {error}; needed TOML, e.g. [traits.ability]") from error
    _known(file, "", {name: None for name in data if name not in ("sources", "laws")}, tuple(SECTIONS))
    for section, keys in SECTIONS.items():
        _known(file, section, _table(file, section, data.get(section, {})), keys)
    base = Population()
    traits = {
        name: _mean_sd(file, name, _table(file, f"traits.{name}", spec), base)
        for name, spec in data.get("traits", {}).items()
    }
    shares = {**base.shares, "role": tuple([1.0 / len(roles)] * len(roles))}
    given = dict(data.get("shares", {}))
    by_motive = given.pop("role_by_motive", {})
    shares |= {name: _shares(file, name, value, roles) for name, value in given.items()}
    provenance = str(data.get("population", {}).get("provenance", base.provenance))
    constants = {law: {name: _number(file, f"[laws.{law}] {name}", value, 0.3)
                       for name, value in _table(file, f"laws.{law}", given).items() if name not in ("source", "grade")}
                 for law, given in _table(file, "laws", data.get("laws", {})).items()}  # fmt: skip
    whole = replace(base, shares=shares, provenance=provenance, constants=constants,
                    destinations=_destinations(file, by_motive, roles, shares["role"]),
                    wishes=_wishes(file, data.get("wishes")))  # fmt: skip
    return changing(whole, data.get("change", {}), roles, str(file)).with_traits(**traits)


def changing(people: Population, change: Mapping[str, object], roles: tuple[str, ...], place: str) -> Population:
    """The same people with another change of destination.

    Args:
        change: ``rate``, a share of them; ``day_mean``, about when, or ``day``, the very day; ``to``, a role's id.
        place: the file or argument that says so, for messages.

    Raises:
        ValueError: naming the place, what was found and what is needed.
    """
    _known(Path(place), "change", change, SECTIONS["change"])
    if "day" in change and "day_mean" in change:
        raise ValueError(f"{place}: [change] has day and day_mean; needed one of them, e.g. day = 20")
    rate = _number(place, "[change] rate", change.get("rate", people.change_rate), 0.2)
    scripted = "day" in change or (people.change_scripted and "day_mean" not in change)
    name = "day" if scripted else "day_mean"
    day = _number(place, f"[change] {name}", change.get(name, people.change_day), 20)
    if not (0.0 <= rate <= 1.0 and 0.0 < day < float("inf")):
        raise ValueError(f"{place}: [change] rate = {rate}, {name} = {day}; needed a share, days > 0, e.g. 0.2, 20")
    to = change.get("to")
    if to is not None and to not in roles:
        raise ValueError(f"{place}: [change] to = {to!r}; needed one of the roles {', '.join(roles)}, e.g. {roles[0]}")
    aim = people.change_to if to is None else roles.index(str(to))
    return replace(people, change_rate=rate, change_day=day, change_scripted=scripted, change_to=aim)


def _table(file: Path, section: str, found: object) -> dict[str, Any]:
    """A section, which must be one."""
    if not isinstance(found, dict):
        raise ValueError(f"{file}: {section} = {found!r}; needed a table, e.g. [{section}]")
    return found


def _number(file: Path | str, place: str, found: object, example: float) -> float:
    """A number, as TOML has it or as words say it."""
    try:
        return float(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{file}: {place} = {found!r}; needed a number, e.g. {example}") from None


def _known(file: Path, section: str, given: Mapping[str, object], keys: tuple[str, ...]) -> None:
    for name in given:
        if name not in keys:
            place = f"[{section}] {name}" if section else f"[{name}]"
            raise ValueError(f"{file}: {place} is unknown; needed one of {', '.join(keys)}, e.g. {keys[0]}")


def _destinations(
    file: Path, given: Mapping[str, object], roles: tuple[str, ...], usual: tuple[float, ...]
) -> tuple[tuple[float, ...], ...]:
    """Shares of role for each motive; a motive that is left out goes where everybody goes."""
    _known(file, "shares.role_by_motive", _table(file, "shares.role_by_motive", given), MOTIVES)
    if not given:
        return ()
    return tuple(_shares(file, "role", given[m], roles) if m in given else usual for m in MOTIVES)


def _wishes(file: Path, given: Mapping[str, object] | None) -> tuple[float, ...]:
    """How many want the destination they have, by motive (a number: by none), and how many misjudge what they want."""
    if given is None:
        return ()
    same: Any = given.get("same", 1.0)
    misjudged: Any = given.get("misjudged", 0.0)
    by_motive = same if isinstance(same, dict) else dict.fromkeys(MOTIVES, same)
    _known(file, "wishes.same", by_motive, MOTIVES)
    numbers = [by_motive.get(motive, 1.0) for motive in MOTIVES] + [misjudged]
    fits = all(isinstance(n, (int, float)) and not isinstance(n, bool) and 0.0 <= n <= 1.0 for n in numbers)
    if not fits:
        raise ValueError(f"{file}: [wishes] same = {same}, misjudged = {misjudged}; needed shares from 0 to 1, "
                         "e.g. same = { personal = 0.4 }, misjudged = 0.3")  # fmt: skip
    return tuple(float(n) for n in numbers)


def _shares(file: Path, name: str, given: object, roles: tuple[str, ...]) -> tuple[float, ...]:
    """Shares as a list in order, or by name where the categories have names; roles left out have none."""
    names = {"role": roles, "motive": MOTIVES}.get(name)
    if isinstance(given, dict):
        if name == "motive":
            _known(file, "shares.motive", given, MOTIVES)
        said = [given.get(word, 0.0) for word in names] if names else list(given.values())
    elif isinstance(given, (list, tuple)):
        said = list(given)
    else:
        raise ValueError(f"{file}: [shares] {name} = {given!r}; needed shares, e.g. [0.6, 0.4]")
    values = [_number(file, f"[shares] {name}", share, 0.5) for share in said]
    most = len(names) if names else MOST_GROUPS
    fits = len(values) == most if names else 1 <= len(values) <= most
    if not fits or most > MOST_GROUPS or not np.isfinite(values).all() or min(values) < 0 or sum(values) <= 0:
        count = most if names else f"1 to {MOST_GROUPS}"
        raise ValueError(f"{file}: [shares] {name} = {values}; needed {count} shares >= 0, not all 0, e.g. [0.6, 0.4]")
    return tuple(values)


def _mean_sd(file: Path, name: str, spec: dict[str, object], base: Population) -> tuple[float, float]:
    _known(file, f"traits.{name}", spec, ("mean", "sd", "source", "grade"))
    at = DRAWN.index(name)
    usual = {"mean": base.mean[at], "sd": base.sd[at]}
    mean, sd = (_number(file, f"[traits.{name}] {key}", spec.get(key, usual[key]), 0.95) for key in usual)
    if not np.isfinite([mean, sd]).all() or sd < 0:
        found = f"mean = {mean}, sd = {sd}"
        raise ValueError(f"{file}: [traits.{name}] {found}; needed finite numbers, sd >= 0, e.g. sd = 0.95")
    return mean, sd

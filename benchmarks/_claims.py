"""What every benchmark says alike: a JSON line per case, and in it the claims that its figures decide.

    say("step", most("a decision of one learner, in yardsticks", ratio, 2.2), ns=870, yardstick_ns=410)

The word ``quick`` on a script's command line asks for sizes at which it only shows that it runs; ``sized`` chooses. A
claim that needs what is not here (a graphics card, another package) is said by ``elsewhere``, so that the table of all
claims has a row for it too.
"""

import json
import sys
from typing import Any, NoReturn, TypeVar

Size = TypeVar("Size")
QUICK = "quick" in sys.argv[1:]
if QUICK:
    sys.argv.remove("quick")  # what is left are the script's own words


def sized(usual: Size, quick: Size) -> Size:
    """The size of a case: the usual one, or the one that only shows that it runs."""
    return quick if QUICK else usual


def most(claim: str, figure: float, target: float, give: float = 0.0) -> dict[str, Any]:
    """The figure is to be at most the target.   give: half of its Monte-Carlo interval, granted"""
    return _decided(claim, figure, f"<= {_shown(target, give)}", figure <= target + give)


def least(claim: str, figure: float, target: float, give: float = 0.0) -> dict[str, Any]:
    """The figure is to be at least the target.   give: half of its Monte-Carlo interval, granted"""
    return _decided(claim, figure, f">= {_shown(target, give)}", figure >= target - give)


def exactly(claim: str, figure: Any, target: Any) -> dict[str, Any]:
    """The figure is to be the target: counts, and whether two things are equal."""
    return _decided(claim, figure, f"= {target}", figure == target)


def unknown(claim: str, target: str, needs: str) -> dict[str, Any]:
    """A claim that cannot be decided here, and what it needs, e.g. "a graphics card"."""
    return {"claim": claim, "figure": None, "target": target, "met": None, "needs": needs}


def say(case: str, *claims: dict[str, Any], **figures: Any) -> None:
    """Print one line."""
    line = {"case": case, **{name: _short(value) for name, value in figures.items()}}
    print(json.dumps(line | ({"claims": list(claims)} if claims else {})), flush=True)


def elsewhere(*claims: dict[str, Any]) -> NoReturn:
    """Nothing of this script can run here: say what it would have shown, and end well."""
    say("not here", *claims)
    sys.exit(0)


def _decided(claim: str, figure: Any, target: str, met: bool) -> dict[str, Any]:
    return {"claim": claim, "figure": _short(figure), "target": target, "met": bool(met)}


def _shown(target: float, give: float) -> str:
    return f"{target:,.10g}" + (f" (+- {give:.2g})" if give else "")


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value

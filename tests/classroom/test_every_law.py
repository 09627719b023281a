"""Lives under every law that the rest of this folder does not play: nobody else's life depends on who is there.

In every mode: assigned, offered or chosen, mandatory or not. The laws' own theorems are in ``tests/test_laws.py``.
"""

import numpy as np
import pytest
from plays import LAWS, LOGGED, Leaning, Turncoat, same, tiny
from test_rounds import together

from adaptlearn.classroom.simulate import simulate
from adaptlearn.laws.shelf import OWN

pytestmark = pytest.mark.long  # eight laws are compiled, each alone and in cohorts

OTHERS = [name for name in OWN if name not in LAWS]
MODES = [(decides, mandatory) for decides in ("assign", "offer", "self") for mandatory in (True, False)]
IDS = np.array([*range(120), 2**64 - 1, 2**63], np.uint64)
ENDS = ("life", "left", "stars", "reward")


def told(lives, of=slice(None)):
    """The log and the ends of some lives."""
    chosen = np.isin(lives.log["learner"], lives.ids[of])
    logged = {name: lives.log[name][chosen] for name in LOGGED}
    return logged | {name: getattr(lives, name)[of] for name in ENDS}


@pytest.mark.parametrize(("decides", "mandatory"), MODES, ids=str)
@pytest.mark.parametrize("law", OTHERS)
def test_one_more_learner_another_order_a_second_thread_change_nobody_elses_life(law, decides, mandatory):
    terms = tiny(law, decides=decides, mandatory=mandatory, catalogue="usual_error", meshing="contested")
    policy, everything = Leaning(terms.world), (*LOGGED, *ENDS)
    lives = simulate(policy, terms, IDS, 7, log=True)
    more = simulate(policy, terms, np.insert(IDS, 50, np.uint64(123_456_789)), 7, log=True, threads=2)
    same(told(more, np.arange(len(IDS) + 1) != 50), told(lives), everything)
    shuffled = simulate(policy, terms, IDS[::-1], 7, log=True)
    same(told(shuffled, slice(None, None, -1)), told(lives), everything)


@pytest.mark.parametrize("law", OTHERS)
def test_one_more_cohort_changes_nobody_elses_life(law):
    """Where people matter to one another: seats, coaches and peers are shared within a cohort of six, never beyond."""
    terms, ids = together(law, decides="offer", mandatory=False), np.arange(60, dtype=np.uint64)
    policy, newcomers = Leaning(terms.world), np.arange(6000, 6006, dtype=np.uint64)
    lives = simulate(policy, terms, ids, 7, log=True)
    more = simulate(policy, terms, np.concatenate([newcomers, ids]), 7, log=True)
    same(told(more, slice(6, None)), told(lives), (*LOGGED, *ENDS))


@pytest.mark.parametrize("law", OTHERS)
def test_policies_which_differ_at_one_step_have_one_past(law):
    terms = tiny(law)
    one, other = (simulate(Turncoat(6, wanted), terms, IDS, 3, log=True) for wanted in (1, 4))
    before = [{name: run.log[name][run.log["step"] < 6] for name in LOGGED} for run in (one, other)]
    same(*before, LOGGED)


@pytest.mark.parametrize("law", OTHERS)
def test_learning_is_worth_something_and_worth_stays_a_share(law):
    terms = tiny(law)
    lives = simulate(Leaning(terms.world), terms, IDS, 7)
    assert (lives["value"] >= 0.0).all() and (lives["value"] <= 1.0 + 1e-6).all()
    assert lives["value"].mean() > lives.start.mean()

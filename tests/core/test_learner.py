"""Laws of populations: a draw is a pure function of (seed, id), and has the distribution that is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from adaptlearn.core.learner import (
    DRAWN,
    FORMATS,
    LOGGED,
    MODES,
    MOTIVES,
    NEVER,
    Population,
    Traits,
    format_of,
    liking,
    load_population,
)
from adaptlearn.core.people import changing

MANY = 200_000
AT = {name: j for j, name in enumerate(Traits._fields)}


@pytest.fixture(scope="module")
def crowd():
    """Many learners of a population with three roles and every destination at risk of change."""
    population = Population(
        shares={"motive": (4.0, 1.5, 1.5, 3.0), "role": (0.5, 0.3, 0.2), "site": (0.6, 0.4), "tenure": (0.5, 0.3, 0.2)}
    )
    return population, population.draw(np.arange(MANY), 3)


def test_a_draw_depends_on_seed_and_id_alone():
    population, ids = Population(), np.array([5, 2**63 + 1, 0, 77], np.uint64)
    four = population.draw(ids, 9)
    assert four.dtype == np.float32 and four.shape == (4, len(Traits._fields))
    np.testing.assert_array_equal(population.draw(ids[::-1], 9), four[::-1])
    np.testing.assert_array_equal(population.draw(ids[1:2], 9), four[1:2])
    assert (population.draw(ids, 10)[:, : len(DRAWN)] != four[:, : len(DRAWN)]).all()


def test_drawn_traits_have_the_named_mean_and_spread(crowd):
    population, traits = crowd
    for j, name in enumerate(DRAWN):
        column = np.log(traits[:, j].astype(np.float64)) if LOGGED[j] else traits[:, j].astype(np.float64)
        assert stats.kstest((column - population.mean[j]) / population.sd[j], "norm").pvalue > 1e-5, name


def test_traits_are_independent(crowd):
    seen = np.corrcoef(crowd[1][:, : len(DRAWN)].T)
    np.fill_diagonal(seen, 0.0)
    assert np.abs(seen).max() < 5.0 / np.sqrt(MANY) + 0.005  # lognormal columns have heavy tails


def test_groups_follow_their_shares(crowd):
    population, traits = crowd
    for name, shares in population.shares.items():
        counts = np.bincount(traits[:, AT[name]].astype(int), minlength=len(shares))
        assert stats.chisquare(counts, np.array(shares) / sum(shares) * MANY).pvalue > 1e-5, name


def test_destinations_change_at_the_named_rate_to_another_role(crowd):
    population, traits = crowd
    role, other, day = (traits[:, AT[name]] for name in ("role", "switch_role", "switch_day"))
    changes = day < NEVER
    assert abs(changes.mean() - population.change_rate) < 5.0 * np.sqrt(0.16 / MANY)
    assert (other[changes] != role[changes]).all() and (other[~changes] == role[~changes]).all()
    assert set(np.unique(other)) == {0.0, 1.0, 2.0}
    assert stats.kstest(day[changes] / population.change_day, "expon").pvalue > 1e-5


def test_where_a_motive_leads_is_drawn_from_its_own_shares(crowd):
    population, plain = crowd
    own = ((1.0, 0.0, 0.0), (0.5, 0.3, 0.2), (0.0, 0.5, 0.5), (0.5, 0.3, 0.2))
    traits = replace(population, destinations=own, change_rate=0.0).draw(np.arange(MANY), 3)
    for motive, shares in enumerate(own):
        roles = traits[traits[:, AT["motive"]] == motive, AT["role"]].astype(int)
        expected, counts = np.array(shares) * len(roles), np.bincount(roles, minlength=3)
        assert (counts[expected == 0] == 0).all()
        seen = expected > 0
        assert seen.sum() == 1 or stats.chisquare(counts[seen], expected[seen]).pvalue > 1e-5
    usual = np.isin(traits[:, AT["motive"]], (1, 3))  # those whose shares are everybody's
    columns = [j for name, j in AT.items() if not name.startswith("switch")]
    np.testing.assert_array_equal(traits[usual][:, columns], plain[usual][:, columns])


def test_a_scripted_change_comes_on_its_day_and_leads_where_it_is_said(crowd):
    population, plain = crowd
    scripted = replace(population, change_rate=1.0, change_day=30.0, change_scripted=True, change_to=2)
    traits = scripted.draw(np.arange(MANY), 3)
    there = traits[:, AT["role"]] == 2
    assert (traits[there, AT["switch_day"]] == NEVER).all()  # nothing changes for those who are there
    assert (traits[~there, AT["switch_day"]] == 30.0).all() and (traits[:, AT["switch_role"]] == 2.0).all()
    columns = [j for name, j in AT.items() if not name.startswith("switch")]
    np.testing.assert_array_equal(traits[:, columns], plain[:, columns])


def test_with_one_role_there_is_nowhere_to_go():
    traits = Population(change_rate=1.0).draw(np.arange(1000), 1)
    assert (traits[:, AT["switch_day"]] == NEVER).all() and (traits[:, AT["switch_role"]] == 0.0).all()


def test_what_people_state_follows_liking_more_than_aptitude(crowd):
    """Point-biserial r of saying a mode with the aptitude for it and with liking it: about .1 (Rogowsky et al. 2015)
    and about .5 (after Knoll et al. 2017)."""
    _, traits = crowd
    for_aptitude, for_liking = [], []
    for j, mode in enumerate(MODES):
        says = (traits[:, AT["stated"]] == j).astype(float)
        for_aptitude.append(np.corrcoef(says, traits[:, AT[f"aptitude_{mode}"]])[0, 1])
        for_liking.append(np.corrcoef(says, traits[:, AT[f"like_{mode}"]])[0, 1])
    assert 0.05 < np.mean(for_aptitude) < 0.15
    assert 0.4 < np.mean(for_liking) < 0.6


def test_a_posterior_gives_each_learner_one_of_its_rows():
    n = len(DRAWN)
    low, high = ((m,) * n + (0.0,) * n for m in (-1.0, 1.0))
    traits = Population(posterior=(low, high)).draw(np.arange(20_000), 2)
    ability = traits[:, AT["ability"]]
    assert set(np.unique(ability)) == {-1.0, 1.0}
    np.testing.assert_array_equal(traits[:, AT["halo"]], ability)  # one row for all of a learner's traits
    assert abs((ability > 0).mean() - 0.5) < 5.0 * 0.5 / np.sqrt(20_000)


def test_other_traits_for_some_leave_the_rest_alone():
    base, changed = Population(), Population().with_traits(ability=(1.0, 0.95), like_bite=(0.0, 0.0))
    a, b = base.draw(np.arange(100), 1), changed.draw(np.arange(100), 1)
    np.testing.assert_allclose(b[:, AT["ability"]] - a[:, AT["ability"]], 1.0, atol=1e-6)
    assert (b[:, AT["like_bite"]] == 0.0).all()
    same = [j for name, j in AT.items() if name not in ("ability", "like_bite")]
    np.testing.assert_array_equal(a[:, same], b[:, same])
    with pytest.raises(ValueError, match="speed.*needed.*ability.*e.g."):
        base.with_traits(speed=(0.0, 1.0))


def test_liking_is_preference_times_format():
    """An even mix in a solo, self-paced block is nothing special: nobody likes or dislikes its format."""

    class Neutral:
        visual = auditory = textual = kinesthetic = 0.25
        live = bite = social = onsite = 0.0

    trait = Traits(*np.random.default_rng(0).normal(size=len(Traits._fields)))
    assert liking(Neutral, trait) == 0.0
    for j, axis in enumerate(FORMATS):
        only = type("Only", (Neutral,), {axis: getattr(Neutral, axis) + 1.0})
        expected = getattr(trait, f"like_{axis}") * (1.0 if axis in MODES else 0.5)
        assert liking(only, trait) == pytest.approx(expected)
        assert np.flatnonzero(format_of(only)).tolist() == [j]


# --- population.toml ---------------------------------------------------------------------------------------


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "population.toml"
    file.write_text(text, "utf-8")
    return file


def test_an_empty_file_is_the_default_population(tmp_path):
    assert load_population(written(tmp_path, "")) == Population()


def test_what_is_written_is_what_is_drawn_from(tmp_path):
    text = """
        [population]
        title = "x"
        provenance = "somewhere"
        [traits.ability]
        mean = 0.5
        sd = 0.25
        source = "x"
        grade = "C"
        [shares]
        role = { b = 3.0, a = 1.0 }
        motive = { compliance = 1.0, project = 1.0 }
        site = [1, 2, 3]
        [change]
        rate = 0.5
        day_mean = 7.0
        [sources]
        anything = "goes"
    """
    population = load_population(written(tmp_path, text), ("a", "b"))
    assert population.mean[0] == 0.5 and population.sd[0] == 0.25 and population.provenance == "somewhere"
    assert population.shares["role"] == (1.0, 3.0) and population.shares["site"] == (1.0, 2.0, 3.0)
    assert population.shares["motive"] == tuple(float(m in ("compliance", "project")) for m in MOTIVES)
    assert (population.change_rate, population.change_day) == (0.5, 7.0)


def test_a_date_and_a_place_of_the_change_can_be_scripted_and_motives_lead_somewhere(tmp_path):
    text = """
        [shares.role_by_motive]
        personal = { b = 1.0 }
        [change]
        rate = 1.0
        day = 30
        to = "b"
    """
    population = load_population(written(tmp_path, text), ("a", "b"))
    assert (population.change_rate, population.change_day, population.change_to) == (1.0, 30.0, 1)
    assert population.change_scripted
    assert population.destinations == ((0.5, 0.5), (0.5, 0.5), (0.0, 1.0), (0.5, 0.5))
    again = changing(population, {"day_mean": 9.0}, ("a", "b"), "change")
    assert not again.change_scripted and again.change_day == 9.0 and again.change_rate == 1.0
    assert changing(population, {"rate": 0.5}, ("a", "b"), "change").change_scripted


REFUSED = {
    "an unknown motive that leads somewhere": ("[shares.role_by_motive]\nfun = [1.0]", "[shares.role_by_motive] fun"),
    "two dates": ("[change]\nday = 3\nday_mean = 4", "day and day_mean"),
    "a change to nowhere": ('[change]\nto = "abroad"', "to = 'abroad'"),
    "an unknown section": ("[trait.ability]\nsd = 1.0", "[trait]"),
    "an unknown trait": ("[traits.speed]\nsd = 1.0", "[traits] speed"),
    "an unknown key of a trait": ("[traits.ability]\nstd = 1.0", "[traits.ability] std"),
    "a negative spread": ("[traits.ability]\nsd = -1.0", "sd = -1.0"),
    "an infinite mean": ("[traits.ability]\nmean = inf", "mean = inf"),
    "an unknown share": ("[shares]\nteam = [1.0]", "[shares] team"),
    "a negative share": ("[shares]\nsite = [1.0, -0.5]", "-0.5"),
    "shares that are all nothing": ("[shares]\nsite = [0, 0]", "site = [0.0, 0.0]"),
    "an unknown motive": ("[shares]\nmotive = { fun = 1.0 }", "[shares.motive] fun"),
    "too few motives": ("[shares]\nmotive = [0.5, 0.5]", "needed 4 shares"),
    "too many roles": ("[shares]\nrole = [0.5, 0.5]", "needed 1 shares"),
    "too many groups": ("[shares]\nsite = [1,1,1,1,1,1,1,1,1]", "1 to 8"),
    "an unknown key of change": ("[change]\nrates = 0.2", "[change] rates"),
    "a rate above one": ("[change]\nrate = 1.2", "rate = 1.2"),
    "a change in no time": ("[change]\nday_mean = 0", "day_mean = 0.0"),
    "no TOML": ("[traits", "not TOML"),
    "a trait that is a number": ("[traits]\nability = 3", "traits.ability = 3"),
    "a spread in words": ('[traits.ability]\nsd = "wide"', "[traits.ability] sd = 'wide'"),
    "a share that is one number": ("[shares]\nsite = 3", "[shares] site = 3"),
    "shares in words": ('[shares]\nsite = ["half", "half"]', "[shares] site = 'half'"),
    "a rate in words": ('[change]\nrate = "often"', "[change] rate = 'often'"),
    "a section that is a number": ("change = 3", "change = 3"),
    "a law that is a number": ("[laws]\nworkplace = 3", "laws.workplace = 3"),
    "a constant in words": ('[laws.workplace]\neta = "x"', "[laws.workplace] eta = 'x'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_population_that_cannot_be_is_refused_in_words(what, tmp_path):
    text, word = REFUSED[what]
    file = written(tmp_path, text)
    with pytest.raises(ValueError) as refusal:
        load_population(file)
    said = str(refusal.value)
    assert str(file) in said and word in said and "needed" in said and "e.g." in said


def test_wishes_are_shared_out_by_motive_and_move_no_other_draw():
    shares = {**Population().shares, "motive": (0.25,) * 4, "role": (0.4, 0.3, 0.3)}
    plain = Population(shares=shares)
    same, misjudged = (0.9, 0.7, 0.4, 1.0), 0.3
    traits = replace(plain, wishes=(*same, misjudged)).draw(np.arange(MANY), 3)
    own, said, role, motive = (traits[:, AT[name]].astype(int) for name in ("own", "said", "role", "motive"))
    others = [j for name, j in AT.items() if name not in ("own", "said")]
    np.testing.assert_array_equal(traits[:, others], plain.draw(np.arange(MANY), 3)[:, others])
    for m, share in enumerate(same):
        here = motive == m
        expected = share + (1.0 - share) * (np.array(shares["role"])[role[here]]).mean()  # luck may lead them back
        assert (own[here] == role[here]).mean() == pytest.approx(expected, abs=0.02)
    assert (said != own).mean() == pytest.approx(misjudged, abs=0.01) and set(said) == {0, 1, 2}
    silent = plain.draw(np.arange(100), 3)
    np.testing.assert_array_equal(silent[:, AT["own"]], silent[:, AT["role"]])
    np.testing.assert_array_equal(silent[:, AT["said"]], silent[:, AT["role"]])


@pytest.mark.parametrize("text", ["same = 1.5", "misjudged = 'half'", "same = { fun = 0.3 }", "sane = 1"])
def test_wishes_that_are_no_shares_are_refused(tmp_path, text):
    (tmp_path / "population.toml").write_text(f"[wishes]\n{text}\n")
    with pytest.raises(ValueError, match=r"population.toml.*wishes.*needed"):
        load_population(tmp_path / "population.toml", ("one", "two"))

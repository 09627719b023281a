"""One posterior, five readers, from the command line: who learns, what agents begin with, what a report rests on."""

import json

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.lab.compose import Common
from adaptlearn.lab.exporting import from_whom
from adaptlearn.lab.main import main
from adaptlearn.lab.pieces import people_across, rules_of

SIZE = ("env=tiny-v1", "learners=64")


def posterior(**more):
    """Draws as ``adaptlearn calibrate`` keeps them: people, a constant of the law, coins of skills."""
    ids = load("tiny-v1").skill_ids
    draws = {"ability.sd": np.linspace(0.4, 0.6, 40), "workplace.mu0": np.linspace(-2.0, 1.0, 40),
             "learn": np.linspace(0.1, 0.3, 120).reshape(40, 3), **more}  # fmt: skip
    return Posterior(draws, {"source": "a test", "law": "workplace"}, {"learn": ids})


@pytest.fixture
def people(tmp_path):
    return str(posterior().save(tmp_path / "people.npz"))


def told(capsys, *words):
    """What a verb prints for programs."""
    with pytest.raises(SystemExit) as done:
        main([*words, "format=json"])
    printed = capsys.readouterr()
    assert done.value.code == 0, printed.err
    return json.loads(printed.out)


def test_learners_are_drawn_from_it_with_the_constants_they_were_fitted_with(people, tmp_path, capsys):
    place = rules_of(Common(env="tiny-v1", population=people))
    assert place.law_params.mu0 == pytest.approx(-0.5) and place.population.trait("ability")[1] == pytest.approx(0.5)
    assert rules_of(Common(env="tiny-v1", population=people, law_params={"mu0": 0.3})).law_params.mu0 == 0.3
    assert len(place.population.posterior) == 40  # each learner belongs to one draw
    able = str(posterior(**{"workplace.mu0": np.full(40, 2.0)}).save(tmp_path / "able.npz"))
    for words in (("simulate",), ("evaluate", "agents=[random]", "laws=[workplace]", "meshings=[null]")):
        low, high = (told(capsys, *words, *SIZE, f"population={file}")[0]["goal"] for file in (people, able))
        assert high > low + 0.1, words


def test_a_bayesian_agent_begins_with_it(people, capsys):
    plain, fitted = (told(capsys, "simulate", "agent=thompson", *SIZE, *more)[0]
                     for more in ((), (f"agent.settings.posterior={people}",)))  # fmt: skip
    assert plain["goal"] != fitted["goal"]


def test_a_bundles_belief_over_formats_starts_from_it(tmp_path):
    from adaptlearn.export.runtime import Runtime

    file = posterior(**{"like_live.mean": np.full(40, 1.5), "like_live.sd": np.full(40, 0.5)}).save(tmp_path / "p.npz")
    for folder, words in (("plain", ()), ("known", (f"posterior={file}",))):
        with pytest.raises(SystemExit) as done:
            main(["export", "env=tiny-v1", "agent=evidenced", f"to={tmp_path / folder}", *words])
        assert done.value.code == 0
    plain, known = (Runtime.load(tmp_path / folder) for folder in ("plain", "known"))  # golden decisions hold in both
    first = [one.recommend(one.start({"learner": "a", "role": next(iter(one.contract.roles)), "weekly_minutes": 60.0}))
             for one in (plain, known)]  # fmt: skip
    liked = [one.preference["live"] for one in first]
    assert liked == pytest.approx([0.0, 1.5]) and first[0].preference["visual"] == first[1].preference["visual"] == 0.0
    assert "live as fitted to a test; the rest" in (tmp_path / "known" / "card.md").read_text("utf-8")
    assert from_whom(posterior()) == "as this world's people are; the posterior given does not speak of them"


def test_insights_list_it_and_read_reactions_against_it(people, tmp_path, capsys):
    rows = told(capsys, "insights", f"posterior={people}")
    assert [row["of"] for row in rows if row["name"] == "learn"] == list(load("tiny-v1").skill_ids)
    assert {"name", "of", "mean", "low", "high"} == set(rows[0])
    place = rules("tiny-v1")
    log = simulate(shelf.build("random", place.world), place, range(4), 3, log=True).log.save(tmp_path / "log.parquet")
    fond = posterior(**{"like_textual.mean": np.full(40, 4.0)}).save(tmp_path / "fond.npz")
    seen = told(capsys, "insights", "world=tiny-v1", f"log={log}", f"posterior={fond}")
    assert {row["evidenced"] for row in seen} == {"textual"}
    assert {row["evidenced"] for row in told(capsys, "insights", "world=tiny-v1", f"log={log}", "parts=[styles]")} != {
        "textual"
    }


def test_a_report_says_how_its_conclusion_moves_across_it(people, tmp_path):
    small = ("report", *SIZE, "others=[]", "laws=[workplace]", "meshings=[null]", "catalogues=[usual_error]",
             "ensemble=0")  # fmt: skip
    for folder, words in (("fitted", (f"population={people}", "draws=3")), ("assumed", ())):
        with pytest.raises(SystemExit) as done:
            main([*small, f"to={tmp_path / folder}", *words])
        assert done.value.code == 0
    fitted, assumed = ((tmp_path / folder) for folder in ("fitted", "assumed"))
    moved = json.loads((fitted / "report.json").read_text("utf-8"))["across"]
    gains = [one["value"] for one in moved["gains"]]
    assert len(gains) == 3 and max(gains) - min(gains) > 0.01 and moved["source"] == "fitted to a test"
    page = (fitted / "report.md").read_text("utf-8")
    assert "What the log leaves open" in page and f"{max(gains):+.3f}".replace("-", "\N{MINUS SIGN}") in page
    assert "Across 3 draws of the fitted people" in page
    assert "What the log leaves open" not in (assumed / "report.md").read_text("utf-8")
    drawn = people_across(Common(env="tiny-v1", population=people), 3)
    assert [one.constants["workplace"]["mu0"] for one in drawn] == pytest.approx([-2.0, -0.5, 1.0], abs=0.1)

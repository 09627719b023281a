"""The report: its decision follows the matrix, it stands alone, it is fit for browsers, phones and readers."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import figures, journeys, render
from adaptlearn.evaluation.matrix import play
from adaptlearn.evaluation.origins import decompose
from adaptlearn.evaluation.pilot import Design, plan
from adaptlearn.evaluation.report import write_up
from adaptlearn.evaluation.resample import Interval
from adaptlearn.evaluation.sections import Study

IDS = np.arange(120)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def study():
    rooms = [({"law": law, "meshing": "null"}, rules("tiny-v1", law=law)) for law in ("workplace", "bkt")]
    room = rooms[0][1]
    new, old = build("mastery", room.world), build("syllabus", room.world)
    matrix = play({"syllabus": old, "mastery": new}, rooms, IDS, [3], baseline="syllabus")
    parts = decompose(new, room, IDS, 3, syllabus=old, draws=50)
    lives = [simulate(policy, room, IDS, 3, log=True) for policy in (new, old)]
    return Study("mastery", matrix, parts, *lives, room.world, plan(Design(0.1, 0.2)), {"seed": "3 <&>"})


@pytest.fixture(scope="module")
def page(study):
    return render.html(write_up(study))


def shifted(study, by):
    """The same study, the candidate's learners knowing so much more in each column."""
    cells = dict(study.matrix.cells)
    for column, more in enumerate(by):
        cells["mastery", column] = {k: v + more for k, v in cells["syllabus", column].items()}
    return replace(study, matrix=replace(study.matrix, cells=cells))


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ((0.1, 0.1), "Worth a pilot: mastery gains over syllabus in all 2"),
        ((0.1, -0.1), "Not shown to be worth a pilot: mastery gains clearly in 1 and loses clearly in 1 of 2"),
        ((0.1, 0.0), "clear of zero in 1 of 2"),
    ],
)
def test_the_decision_follows_the_worlds(study, by, says):
    assert says in write_up(shifted(study, by)).decision


def test_it_stands_alone_and_is_small(page):
    assert len(page.encode()) < 2_000_000
    asked = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert all(link.startswith(("#", "data:")) for link in asked), asked
    assert "<script" not in page and "/work" not in page


def test_headings_alternatives_and_languages_are_there(page):
    assert (
        page.count("<h1") == 1 and '<html lang="en">' in page and 'name="viewport"' in page and "@media print" in page
    )
    drawings = re.findall(r"<svg [^>]*>", page)
    assert len(drawings) >= 3 and all('role="img"' in d and 'aria-label="' in d for d in drawings)
    assert page.count("<table") == page.count("<caption") and 'scope="col"' in page
    assert "3 &lt;&amp;&gt;" in page


@pytest.mark.parametrize(
    "pair", [("#1f2933", "#ffffff"), ("#52606d", "#ffffff"), ("#52606d", "#f4f6f8"), ("#0b6e4f", "#ffffff")]
)
def test_contrast_is_enough(page, pair):
    """At least 4.5 to 1 (WCAG 2.2, level AA), for the colours that the page uses for words."""

    def light(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    dark, bright = sorted(light(colour) for colour in pair)
    assert all(colour in page for colour in pair)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def opened(page, folder):
    """What a browser makes of a page.   -> its text, complaints on the console, what the page asked the network for"""
    file, net = folder / "report.html", folder / "net.json"
    file.write_text(page, "utf-8")
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr",
         f"--log-net-log={net}", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    events = [event.get("params", {}) for event in json.loads(net.read_text("utf-8"))["events"]]
    own = [e["url"] for e in events if e.get("initiator", "not an origin") != "not an origin" and "url" in e]
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, complaints, [url for url in own if not url.startswith(("file:", "data:"))]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; the page is checked as text only")
def test_a_browser_opens_it_without_a_complaint_or_a_request(page, tmp_path):
    text, complaints, asked = opened(page, tmp_path)
    assert "worth a pilot" in text.lower() and not complaints and not asked
    (tmp_path / "other").mkdir()
    bad = page.replace("</main>", '<img src="http://nowhere.invalid/x.png"><script>lost()</script></main>')
    _, complaints, asked = opened(bad, tmp_path / "other")  # the same eyes see what is wrong
    assert complaints and asked == ["http://nowhere.invalid/x.png"] * len(asked) and asked


def test_three_readings_say_the_same(study, page):
    report = write_up(study)
    text, numbers = render.markdown(report), json.loads(render.as_json(report))
    for part in (report.decision, *(figure for _, figure, _ in report.facts), *(s.title for s in report.sections)):
        assert part in text and part.replace("&", "&amp;") in page
    assert numbers["decision"] == report.decision and len(numbers["gains"]) == 2
    found = numbers["gains"][0]["gain"]["mean"]["value"]
    goal = [study.matrix.cells[name, 0]["goal"] for name in ("mastery", "syllabus")]
    assert found == pytest.approx(float(np.mean(goal[0] - goal[1])), abs=1e-6)
    assert render.html(report) == page  # the same bytes from the same study


# --- journeys ----------------------------------------------------------------------------------------------------


def test_journeys_show_the_best_the_worst_and_the_middle(study):
    found = journeys.journeys(study.new, study.old, study.world)
    gap = study.new["value"] - study.old["value"]
    assert [j.about for j in found] == ["gains most", "loses most", "in the middle"] + ["by chance"] * 3
    assert found[0].gain == pytest.approx(gap.max()) and found[1].gain == pytest.approx(gap.min())
    assert all(j.new[-1].endswith(("left the programme", "stayed to the end")) for j in found)


def test_an_oddity_is_found_where_it_is_planted(study):
    log = study.new.log
    assert sum(journeys.shares(log, study.world).values()) == pytest.approx(1.0)
    columns = dict(log.columns)
    columns["taken"] = np.where(log["taken"] > 0, 3, 0).astype(np.int32)
    said = " ".join(journeys.oddities(replace(log, columns=columns), study.world))
    assert f"100% of all visits go to one activity, {study.world.activities[3].title}" in said and "never taken" in said


def test_a_forest_marks_what_is_clear_of_zero():
    drawn = figures.forest([("up", Interval(0.2, 0.1, 0.3)), ("none", Interval(0.0, -0.1, 0.1))], "A <test>")
    assert figures.GAIN in drawn and figures.PALE in drawn and figures.LOSS not in drawn
    assert 'aria-label="A &lt;test&gt;"' in drawn and drawn.startswith("<svg")

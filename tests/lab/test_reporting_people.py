"""A report ends with what would be kept about people, in the words of the page on privacy."""

from adaptlearn.evaluation import render
from adaptlearn.export.serve import privacy
from adaptlearn.lab import reporting


def test_the_appendix_says_all_that_is_kept_and_to_whom_it_is_shown():
    section = reporting.kept()
    report = render.Report("t", "d", (), (section,))
    page, text = render.html(report), render.markdown(report)
    record = {"per_skill": reporting.PER_SKILL, "format": ("mean", "variance"), "totals": reporting.TOTALS}
    for one in privacy.inventory(record):
        assert one.meaning in text
    for who, what in privacy.SHOWN:
        assert who in page and what in page

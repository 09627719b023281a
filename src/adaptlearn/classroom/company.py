"""How the others in a cohort stand, published when a week begins; ``rounds`` says when. A template like ``kernel``."""
# ruff: noqa: F821, PLR0913

from adaptlearn.classroom.kernel import *  # noqa: F403
from adaptlearn.classroom.layout import *  # noqa: F403  (integer constants; the generator writes their values)
from adaptlearn.classroom.slots import law


def publish(order, starts, day, law_row, skills, mind, touched, life, company):
    """How the others stand at the start of a week, for everyone.   order [N] rows by cohort and learner, starts [C + 1]

    Sums run in learner order, so that a cohort's figures rest on its members alone. Who has left is no company.
    """
    law_p, n_skills = law_row[0], skills.shape[0]
    for c in range(starts.shape[0] - 1):
        there, spirit = 0, 0.0
        for r in range(starts[c], starts[c + 1]):
            there += int64(life[order[r]].alive > 0.5)
            spirit += life[order[r]].motivation if life[order[r]].alive > 0.5 else 0.0
        for r in range(starts[c], starts[c + 1]):
            i = order[r]
            others = float32(there) - life[i].alive
            company[i, OTHERS] = others
            company[i, SPIRIT] = (spirit - life[i].motivation * life[i].alive) / maximum(others, 1.0)
        for k in range(n_skills):
            share_levels(order, starts[c], starts[c + 1], k, day, law_p, skills, mind, touched, life, company)


def share_levels(order, first, stop, k, day, law_p, skills, mind, touched, life, company):
    """One skill in one cohort: the others' mean level, and the highest of them."""
    total, best, second, expert = 0.0, 0.0, 0.0, -1
    at = FIRST_LEVEL + 2 * k
    for r in range(first, stop):
        i = order[r]
        company[i, at + 1] = law.level(mind_now(i, k, day, mind, touched, law_p), skills[k], law_p) * life[i].alive
        total += company[i, at + 1]
        second = maximum(second, minimum(company[i, at + 1], best))
        expert = i if company[i, at + 1] > best else expert
        best = maximum(best, company[i, at + 1])
    for r in range(first, stop):
        i = order[r]
        company[i, at] = (total - company[i, at + 1]) / maximum(company[i, OTHERS], 1.0)
        company[i, at + 1] = second if i == expert else best

"""From scores to choices: masking, temperature, sampling and propensity, once for every policy. A template.

Sampling is by inverse distribution function over the legal activities in catalogue order, so a decision is a pure
function of scores, mask, temperature and one uniform per place of the slate.
"""
# ruff: noqa: F821

from adaptlearn.classroom.slots import each, luck


def choose_one(scores, allowed, temperature, u, odds):
    """One draw from softmax(scores / temperature) over what is allowed; temperature 0 is argmax, first of equals.

    With nothing left to allow it is "nothing now", with certainty.

    odds [A] is scratch.   -> choice, propensity
    """
    n = scores.shape[0]
    best, top = 0, float32(-3.4e38)
    for a in range(n):
        if allowed[a] > 0 and scores[a] > top:
            best, top = a, scores[a]
    if temperature <= 0.0 or top <= float32(-3.4e38):
        return best, float32(1.0)
    total = float32(0.0)
    for a in range(n):
        odds[a] = exp((scores[a] - top) / temperature) if allowed[a] > 0 else float32(0.0)
        total += odds[a]
    threshold, running, chosen = u * total, float32(0.0), best
    for a in range(n):
        running += odds[a]
        if odds[a] > 0.0 and running > threshold:
            chosen = a
            break
    return chosen, odds[chosen] / total


def choose(seed, ids, steps, alive, scores, mask, temperature, alike, diversity, offers, propensity):
    """Slates of distinct activities, drawn one after the other; the luck is the learner's, never the run's.

    scores [N, A], mask [N, A], alike [A, A] -> offers [N, k], propensity [N, k] (each given the places before it)
    """
    odds, apart = np.empty(scores.shape[1], np.float32), np.empty(scores.shape[1], np.float32)
    allowed = np.empty(scores.shape[1], np.uint8)
    for i in each(scores.shape[0]):
        if alive[i] > 0.5:
            key = luck.key_of(seed, ids[i])
            for a in range(scores.shape[1]):
                allowed[a] = mask[i, a]
            for j in range(offers.shape[1]):
                u = luck.unit_of(luck.bits_at(key, luck.POLICY, uint64(steps[i]), uint64(j)))
                if j > 0 and diversity > 0.0:
                    set_apart(scores, i, offers, j, alike, diversity, apart)
                    a, p = choose_one(apart, allowed, temperature, u, odds)
                else:
                    a, p = choose_one(scores[i], allowed, temperature, u, odds)
                offers[i, j], propensity[i, j] = a, p
                allowed[a] = 0


def set_apart(scores, i, offers, places, alike, diversity, apart):
    """Scores after what likeness to the places before costs, into apart [A]."""
    for a in range(scores.shape[1]):
        closest = float32(0.0)
        for j in range(places):
            closest = maximum(closest, alike[a, int64(offers[i, j])])
        apart[a] = scores[i, a] - diversity * closest


def wander(seed, ids, steps, alive, mask, offers, propensity):
    """Uniform over what is legal, each place of the slate on its own: exploration without a policy."""
    words = mask.view(uint64)
    for i in each(ids.shape[0]):
        if alive[i] > 0.5:
            key, able = luck.key_of(seed, ids[i]), 0
            for w in range(words.shape[1]):
                able += ones_in(words[i, w])
            for j in range(offers.shape[1]):
                u = luck.unit_of(luck.bits_at(key, luck.POLICY, uint64(steps[i]), uint64(j)))
                offers[i, j] = legal_at(mask, words, i, int64(u * float32(able)))
                propensity[i, j] = 1.0 / float32(able)


def ones_in(word):
    """How many of eight bytes are 1, the others being 0: their sum, gathered in the highest byte."""
    return int64((word * EACH_BYTE) >> HIGHEST_BYTE)


def legal_at(mask, words, i, rank):
    """The legal activity with so many legal ones before it; counted without a branch, for no branch foresees luck."""
    w, before, total = 0, 0, 0
    for v in range(words.shape[1] - 1):
        total += ones_in(words[i, v])
        passed = total <= rank
        w += passed
        before = total if passed else before
    a = WIDE * w
    for b in range(WIDE * w, WIDE * w + WIDE - 1):
        before += mask[i, b]
        a += before <= rank
    return a

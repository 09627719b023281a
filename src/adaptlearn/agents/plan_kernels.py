"""Orders of visits, compiled: who is due for what, and orders a little different from one another.

An entry ``e`` says "activity[e], until it has been visited times[e] times". An order is a permutation of all entries;
what is due is the first entry that is legal and not yet fulfilled. The number of entries is E.
"""

import numpy as np

from adaptlearn.core.compiled import compiled


@compiled
def follow(orders, which, role, begin, activity, times, visits, mask, alive, offers, steps):
    """Offer everyone alive what their order says is due; 0 where nothing is.

    orders [P, E], which [N, R] the order each learner follows under each destination, role [N], begin [N, R] how far
    each order is fulfilled for good, steps [N] decisions counted -> offers [N, k]
    """
    entries = orders.shape[1]
    for i in range(which.shape[0]):
        if alive[i] > 0.5:
            r = int(role[i])
            p, at = which[i, r], begin[i, r]
            while at < entries and visits[i, activity[orders[p, at]]] >= times[orders[p, at]]:
                at += 1
            begin[i, r] = at
            while at < entries:
                e = orders[p, at]
                if mask[i, activity[e]] > 0 and visits[i, activity[e]] < times[e]:
                    break
                at += 1
            offers[i, 0] = activity[orders[p, at]] if at < entries else 0
            steps[i] += 1


@compiled
def fulfilled_last(orders, activity, times, visits):
    """Entries that are fulfilled go to the end, so that an order begins with what is due.   orders [N, E] in place"""
    entries = orders.shape[1]
    done = np.empty(entries, orders.dtype)
    for i in range(orders.shape[0]):
        kept, out = 0, 0
        for j in range(entries):
            e = orders[i, j]
            if visits[i, activity[e]] >= times[e]:
                done[out] = e
                out += 1
            else:
                orders[i, kept] = e
                kept += 1
        for j in range(out):
            orders[i, kept + j] = done[j]


@compiled
def moved(order, source, target):
    """The entry at one place is taken out and put in at another; those between close up.   in place"""
    entry = order[source]
    if source > target:
        for j in range(source, target, -1):
            order[j] = order[j - 1]
    else:
        for j in range(source, target):
            order[j] = order[j + 1]
    order[target] = entry


@compiled
def varied(base, lengths, u, out):
    """Neighbours of orders; the first of each group is the order itself.

    One to three moves of single entries: a quarter bring something forward to the very front, the others put it
    anywhere among the visits there is time for, early places being likelier.

    base [G, E], lengths [G] visits there is time for, u [G, C, 8] uniforms -> out [G, C, E]
    """
    entries = base.shape[1]
    for g in range(base.shape[0]):
        length = min(max(int(lengths[g]), 2), entries)
        reach = min(entries, 2 * length + 16)
        for c in range(out.shape[1]):
            out[g, c] = base[g]
            if c > 0:
                moves = 1 + int(u[g, c, 6] < 0.4) + int(u[g, c, 6] < 0.1)
                for m in range(moves):
                    source = min(int(u[g, c, 2 * m] * reach), entries - 1)
                    target = int(u[g, c, 2 * m + 1] ** 1.5 * length)
                    moved(out[g, c], source, 0 if m == 0 and u[g, c, 7] < 0.25 else target)


@compiled
def fronted(base, activity, times, visits, wanted, out):
    """Orders that begin with a given activity and then go on as before; the order itself where none is wanted (-1).

    base [G, E], visits [G, A], wanted [G, C] -> out [G, C, E]
    """
    for g in range(base.shape[0]):
        for c in range(wanted.shape[1]):
            out[g, c] = base[g]
            if wanted[g, c] >= 0:
                at = 0
                while at < base.shape[1] and not (
                    activity[base[g, at]] == wanted[g, c] and visits[g, wanted[g, c]] < times[base[g, at]]
                ):
                    at += 1
                if at < base.shape[1]:
                    moved(out[g, c], at, 0)

"""Minds (floor 2): how a learner forgets, answers and learns, one module of scalar text per law, and the behaviour
that all laws share.

A law is written once, for one learner and one skill, with its constants, their sources and its anchors beside it. Who
draws the luck, loops over learners or keeps the record is no concern of a law: that is the classroom.
"""

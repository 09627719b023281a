"""Tracers (floor 3): what a learner knows, from the answers that a platform saw.

Knowledge tracing in its Bayesian, logistic, memory and hierarchical forms, fitted on logs real or simulated, and the
scores that say how well each foresees the next answer.
"""

"""Tracers: what a learner knows, from the answers that a platform saw."""

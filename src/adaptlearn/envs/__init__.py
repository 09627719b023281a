"""Gymnasium's faces of a classroom (floor 3): one learner, many learners, and what a step is worth.

The registry is the one place where world, law and reward are put together; agents and evaluations are handed the
result. The worlds themselves are data, in the folder ``envs`` at the top of the project.
"""

"""The engine (floor 2): a law's scalar text, compiled into many learners at once, living their programmes in step.

The story of one decision stands here once, as a template that the generator joins with a law, a behaviour and a reward.
The room knows no reward by name and no Gymnasium; it is handed what it runs.
"""

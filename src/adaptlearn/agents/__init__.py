"""Those who decide what a learner is offered next (floor 3): rules, Bayesian agents, and agents that learn.

Every agent is a policy in the sense of ``core.policy``: a module from what the platform sees to one score per activity.
One algorithm per file. Ceilings, which see minds, stand apart and cannot be exported.
"""

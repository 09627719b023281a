"""The nouns (floor 1): world, learner, record, log, luck, policy, and the scalar text in which equations are written.

They say what things are and what holds of them, and know nothing of who uses them. NumPy is all they import; every
other room may import them, and they import no other room.
"""

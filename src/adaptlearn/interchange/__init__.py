"""What comes in from other systems and goes out to them (floor 2): tables of answers, statements, catalogues.

Whatever the source, a log that has come in is the same type as one that was simulated. A row that cannot be used is
counted and named with its reason, never dropped in silence.
"""

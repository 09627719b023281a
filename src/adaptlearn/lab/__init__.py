"""The commands (floor 5): choices composed by Hydra, runs kept by MLflow, progress and tables in the terminal.

The only room, beside the service in ``export``, that imports either of the two. It joins what the other rooms offer
and holds no formula of its own.
"""

"""A recommendation service for learners who come back: a bundle behind HTTP, with a memory that loses nothing.

    python -m adaptlearn.export.serve run bundle --database sqlite:///learners.db

Events are the truth: appended, never changed, one per idempotency key and tenant. A learner's record is a cache that
the runtime makes of them (``standing``). Requests that arrive together are decided together, written in one
transaction, and answered when it is on the disk (``desk``). Policies wear aliases that change while the service runs
(``policies``). The store is a SQLite file or PostgreSQL (``store``); workers have no state of their own that matters.

It needs what the runtime needs, and the extra ``[serve]``; no torch, hydra, numba or mlflow.
"""

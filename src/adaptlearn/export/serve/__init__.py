"""A bundle on duty: a service with a store of events, and what those who are on call need to watch and explain it."""

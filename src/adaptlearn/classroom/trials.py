"""The second driver over the same law: a timetable instead of a policy. A template with its Python face."""

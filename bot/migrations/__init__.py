"""The schema's history, one file a step; ``HEAD`` is the last."""

HEAD = "0001"

"""Question and history → the readings that compete."""

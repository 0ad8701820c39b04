"""The measures: each small, each named as gate.toml writes it."""

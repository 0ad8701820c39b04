"""Benchmarks: each prints ratios of two things measured in one run, never a bare time."""

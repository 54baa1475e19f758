"""Measurements, each against something that can be run beside it; `python -m benchmarks` runs them all."""

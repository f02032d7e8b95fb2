"""The parts of the benchmark, a module for each concern."""

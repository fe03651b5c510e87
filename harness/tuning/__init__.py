"""Tuning soft prompts: run spec, objective, search space, loop, journal."""

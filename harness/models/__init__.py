"""Frozen language models: loading them, soft prompts, the scorer, the bundled respondent."""

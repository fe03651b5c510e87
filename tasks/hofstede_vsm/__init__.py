"""Hofstede's Values Survey Module: items, regions, prompts, and the arithmetic from answers to indices."""

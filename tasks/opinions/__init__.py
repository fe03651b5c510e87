"""Instruments of others, read from files that the user has: their questions, what people answered, and their metrics.

Source: CDEval: Wang et al. (2024), arXiv 2311.16421. GlobalOpinionQA: Durmus et al. (2023), arXiv 2306.16388.
WorldValuesBench: Zhao et al. (2024), arXiv 2404.16308. docs/other-instruments.md says what was read of each.
"""

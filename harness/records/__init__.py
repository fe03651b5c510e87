"""Records of runs: their schema, the run directory, provenance."""

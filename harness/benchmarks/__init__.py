"""What the harness costs, beside what else could be used for the job, in one interleaved run."""

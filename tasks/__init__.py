"""Survey tasks; imported as `harness.tasks`."""

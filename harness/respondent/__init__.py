"""The simulation that trains the bundled model: who answers, in which context, in which words."""

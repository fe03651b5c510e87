"""What might be wrong with a number: other labels, generated text, other abilities, other instruments."""

"""Pages for an operator."""

"""Flexibility: what the fleet can give, how to give it, what it is worth. Pure."""

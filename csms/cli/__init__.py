"""A person at a terminal: an API client, and the door to a node."""

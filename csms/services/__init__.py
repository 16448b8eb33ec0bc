"""Use cases, one unit of work each, and the ports they need."""

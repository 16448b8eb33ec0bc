"""Values: what this system talks about. No I/O, no clock, no wire."""

"""The HTTP API: everything the system knows and may be asked, for programs."""

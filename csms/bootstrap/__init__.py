"""Settings in, a running system out: the only room that knows all others."""

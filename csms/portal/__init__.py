"""Pages for a participant: the notice, the opt-out; no login, no JavaScript."""

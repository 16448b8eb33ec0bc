"""Pure: what stations say and what they may be told."""

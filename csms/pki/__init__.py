"""Certificates: who issues them, who may be believed, and what was revoked."""

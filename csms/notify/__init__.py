"""Outward channels: how a notice leaves the house, and the words it leaves in."""

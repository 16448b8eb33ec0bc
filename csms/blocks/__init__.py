"""OCPP functional blocks: wire to domain and back, both directions."""

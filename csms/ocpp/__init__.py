"""The OCPP wire: frames, conversations and typed messages. No I/O, no clock."""

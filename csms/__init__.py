"""A charge-point management system for bidirectional chargers.

Charging stations speak OCPP 2.0.1 or 2.1 to it over WebSocket. It takes demand-response
events, tells every participant beforehand, honors every opt-out and mobility need,
dispatches discharge, checks it by the meter, and settles what each participant earned.
"""

"""A simulated fleet: stations, vehicles, drivers and their faults, as a witness."""

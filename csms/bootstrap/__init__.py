"""Settings in, a running system out: the only room that knows all others."""

import gc

gc.set_threshold(50_000, 20, 50)
"""So many objects may come to be between two looks of the garbage collector.

Every report makes dozens that die without its help, and what a start imports is here to
stay. Looking after each 700 of them, as is the default, costs more than a third of a
busy node's time, and a fifth of its start.
"""

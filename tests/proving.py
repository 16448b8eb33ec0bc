"""Which test proves what: ``@proves("L01.FR.05", "TC_L_01_CSMS")``.

The ids are requirements of OCPP Part 2 and test cases of Part 6. The conformance matrix
is made from these marks.
"""

import re
from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

ID = re.compile(r"[A-S]\d\d\.FR\.\d+[a-z]?|TC_[A-S]_\d+_CSMS")


def proves(*ids: str) -> Callable[[F], F]:
    """Mark a test as the proof of requirements.

    Raises:
        ValueError: If an id is neither a requirement of Part 2 nor a case of Part 6.
    """
    if odd := [each for each in ids if not ID.fullmatch(each)]:
        raise ValueError(f"no such ids can be: {', '.join(odd)}")

    def mark(test: F) -> F:
        vars(test).setdefault("proven", []).extend(ids)
        return test

    return mark


def exercises(*actions: str) -> Callable[[F], F]:
    """Mark a test that shows what is behind actions of which Part 2 asks us nothing."""

    def mark(test: F) -> F:
        vars(test).setdefault("exercised", []).extend(actions)
        return test

    return mark

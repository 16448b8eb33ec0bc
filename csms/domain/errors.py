"""The few ways the domain can fail.

Each subclass is named for what happened and carries a stable code; its docstring is
its default message. Edges translate once, at the door.
"""

from typing import ClassVar


class DomainError(Exception):
    """Something asked of the system cannot be done.

    Attributes:
        code: A stable word for machines.
        field: The input at fault, if one is.
        remedy: What the asker can do about it; without one, what usually helps.
        usual_remedy: What usually helps against its kind.
    """

    code: ClassVar[str] = "error"
    usual_remedy: ClassVar[str] = ""

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.field = field
        self.remedy = remedy or self.usual_remedy or None
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


class NotFound(DomainError):
    """There is no such thing."""

    code = "not-found"


class Conflict(DomainError):
    """It contradicts what is already so."""

    code = "conflict"


class NotAllowed(DomainError):
    """A rule forbids it."""

    code = "not-allowed"


class Broken(DomainError):
    """The input does not make sense."""

    code = "broken"

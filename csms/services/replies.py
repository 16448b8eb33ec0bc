"""What a station did not say, or said by an error, as failures of what was asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from csms.domain.errors import DomainError
from csms.services.ports.wire import NoAnswer, RefusedByStation, Silence


class StationSilent(DomainError):
    """The station cannot be asked now, or did not answer in time.

    Attributes:
        kind: Why; ``unanswered`` leaves open what the station did.
    """

    code = "station-silent"

    def __init__(self, error: NoAnswer) -> None:
        self.kind = error.kind
        remedies = {
            Silence.UNREACHABLE: "wait until it is connected",
            Silence.UNANSWERED: "look at what it did before you ask again",
            Silence.STALE: "ask again",
        }
        super().__init__(
            f"{error.station} gave no answer: {error.kind.value}",
            remedy=remedies[error.kind],
        )


class StationErred(DomainError):
    """The station answered by an error.

    Attributes:
        error_code: The error code of its CALLERROR.
    """

    code = "station-erred"

    def __init__(self, error: RefusedByStation) -> None:
        self.error_code = error.code
        super().__init__(str(error), remedy="see its messages")


def failure(error: NoAnswer | RefusedByStation) -> StationSilent | StationErred:
    """Return what a conversation that failed means to the asker."""
    return StationSilent(error) if isinstance(error, NoAnswer) else StationErred(error)


@contextmanager
def answered() -> Iterator[None]:
    """Say of a conversation that failed what it means to the asker.

    Raises:
        StationSilent: If there was no answer.
        StationErred: If the answer was an error.
    """
    try:
        yield
    except (NoAnswer, RefusedByStation) as error:
        raise failure(error) from error

"""What has happened, in the past tense: the words that facts are kept under."""

from enum import StrEnum


class FactKind(StrEnum):
    """The kinds of fact that the demand-response column keeps."""

    EVENT_CALLED = "event.called"
    EVENT_PLANNED = "event.planned"
    EVENT_NOTIFIED = "event.notified"
    EVENT_ACTIVE = "event.active"
    EVENT_COMPLETED = "event.completed"
    EVENT_SETTLED = "event.settled"
    EVENT_CANCELLED = "event.cancelled"
    DUTY_MISSED = "duty.missed"
    MEMBER_RELEASED = "member.released"
    NOTICE_SENT = "notice.sent"
    NOTICE_FAILED = "notice.failed"
    PARTICIPANT_OPTED_OUT = "participant.opted_out"
    PARTICIPANT_OPTED_IN = "participant.opted_in"
    NEED_CHANGED = "need.changed"
    SEASON_SETTLED = "season.settled"

"""Controls of the grid as JSON knows them: for the database and for whoever asks."""

from typing import Any

from pydantic import TypeAdapter

from csms.domain.der import Body, Control, Kind, body_of

_CONTROL: TypeAdapter[Control] = TypeAdapter(Control)


def control_document(control: Control) -> dict[str, Any]:
    """Return a control as JSON, without what it does not say."""
    said: dict[str, Any] = _CONTROL.dump_python(control, mode="json", exclude_none=True)
    return said


def control_from(document: dict[str, Any]) -> Control:
    """Read what ``control_document`` wrote, or what says the same.

    Raises:
        pydantic.ValidationError: If it is no control.
    """
    body = body_from(Kind(document["kind"]), document["body"])
    return _CONTROL.validate_python({**document, "body": body})


def body_from(kind: Kind, body: dict[str, Any]) -> Body:
    """Read what a control of this kind asks.

    Raises:
        pydantic.ValidationError: If it asks something else.
    """
    said: Body = TypeAdapter(body_of(kind)).validate_python(body)
    return said

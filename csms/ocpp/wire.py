"""The base of every typed message: how a payload is read and how it is written.

Messages are written to OCPP 2.1; what a 2.0.1 peer must not be told stands in
``csms.ocpp.editions``. Reading is strict (types, enumerations, lengths, required
fields); repairing what does no harm is the work of ``csms.ocpp.tolerance``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Flag, StrEnum, auto
from functools import cache
from typing import Annotated, Any, Generic, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import (
    CoreSchema,
    InitErrorDetails,
    PydanticCustomError,
    core_schema,
    to_json,
)

VENDOR_ID_LIMIT = 255
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_DECIMALS = 6
_MILLISECOND = 1000  # in microseconds


class Edition(StrEnum):
    """An edition of the protocol; its value is the WebSocket subprotocol."""

    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


Loc = tuple[str | int, ...]
"""The place of something in a payload: names of fields and places in lists."""

BOTH = frozenset(Edition)
V21_ONLY = frozenset({Edition.V21})


class Direction(Flag):
    """Who asks for an action; the other side answers."""

    FROM_STATION = auto()
    TO_STATION = auto()


FROM_STATION = Direction.FROM_STATION
TO_STATION = Direction.TO_STATION
EITHER_WAY = FROM_STATION | TO_STATION


class Word(StrEnum):
    """The base of every enumeration on the wire; read from its text."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.enum_schema(cls, list(cls), sub_type="str", strict=False)


def _instant(value: object) -> datetime:
    if type(value) is str:
        if not _RFC3339.fullmatch(value):
            raise PydanticCustomError("instant_format", "Input should obey RFC 3339")
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError(
                "instant_format", "Input should lie in the calendar"
            ) from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("instant_type", "Input should be an instant")
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise PydanticCustomError("instant_format", "Input should have a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError(
            "instant_format", "Input should lie in the calendar"
        ) from None


def _instant_text(value: datetime) -> str:
    utc = value.astimezone(UTC).replace(tzinfo=None)
    unit = "milliseconds" if utc.microsecond // _MILLISECOND else "seconds"
    return f"{utc.isoformat(timespec=unit)}Z"


def _whole(value: object) -> object:
    return int(value) if type(value) is float and value.is_integer() else value


def _number(value: float) -> float:
    return int(value) if value.is_integer() else round(value, _DECIMALS)


def _custom(value: dict[str, Any]) -> dict[str, Any]:
    vendor = value.get("vendorId")
    if not isinstance(vendor, str) or len(vendor) > VENDOR_ID_LIMIT:
        raise PydanticCustomError(
            "custom_data", "customData should name its vendorId in 255 characters"
        )
    return value


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    PlainSerializer(_instant_text, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An aware instant, always in UTC; at most milliseconds on the wire."""

_BITS_31 = 2**31

Integer = Annotated[int, Field(ge=-_BITS_31, lt=_BITS_31), BeforeValidator(_whole)]
"""A whole number of 32 bits (Part 2, primitive types); 3.0 is one in JSON."""

Natural = Annotated[int, Field(ge=0, lt=_BITS_31), BeforeValidator(_whole)]
"""A whole number of 32 bits, from 0."""

Positive = Annotated[int, Field(ge=1, lt=_BITS_31), BeforeValidator(_whole)]
"""A whole number of 32 bits, from 1."""

Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(_whole)]
"""A whole number from 0 to 100."""

PhaseCount = Annotated[int, Field(ge=0, le=3), BeforeValidator(_whole)]
"""A number of phases, or of one phase: from 0 to 3."""

Number = Annotated[
    float,
    Field(allow_inf_nan=False),
    PlainSerializer(_number, return_type=Any, when_used="json"),
]
"""A finite decimal; written with six decimals at most (Part 2, primitive types)."""

CustomData = Annotated[dict[str, Any], AfterValidator(_custom)]
"""What a vendor adds to a type of the standard; ``vendorId`` says whose it is."""


T = TypeVar("T")
Many = Annotated[tuple[T, ...], Field(min_length=1, strict=False)]
"""A list of at least one, kept as a tuple; the standard knows no empty list."""


@cache
def text(limit: int) -> Any:  # noqa: ANN401, pydantic types its own Field as Any
    """Return the constraint of a text: so many characters, and no NUL among them.

    The standard allows printable characters; NUL is the one that no store takes.
    """
    return Field(max_length=limit, pattern="^[^\\x00]*$")


@cache
def at_most(count: int) -> Any:  # noqa: ANN401, as above
    """Return the constraint of a list: at most so many entries."""
    return Field(max_length=count)


class Wire(BaseModel):
    """A message, or a part of one, as the standard defines it.

    Attributes:
        custom_data: What the vendor adds.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="ignore",
        frozen=True,
        strict=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    custom_data: CustomData | None = None

    @classmethod
    def read(cls, payload: Mapping[str, object]) -> Self:
        """Read wire names and wire values; unknown properties are ignored.

        Raises:
            pydantic.ValidationError: If the payload breaks the schema.
        """
        message: Self = cls.__pydantic_validator__.validate_python(
            payload, by_alias=True, by_name=False
        )
        _refuse_nulls(payload, message)
        return message

    @classmethod
    def read_whole(cls, payload: object) -> Self:
        """Read like ``read``, and refuse properties that the schema does not know.

        Raises:
            pydantic.ValidationError: If the payload breaks the schema.
        """
        message: Self = cls.__pydantic_validator__.validate_python(
            payload, extra="forbid", by_alias=True, by_name=False
        )
        _refuse_nulls(payload, message)
        return message

    def write(self) -> dict[str, Any]:
        """Return wire names and values that JSON knows, without what is absent."""
        payload: dict[str, Any] = self.__pydantic_serializer__.to_python(
            self, mode="json", by_alias=True, exclude_none=True
        )
        return payload


def wire_name(model: type[Wire], field: str) -> str:
    """Return what the field of a message is called on the wire."""
    return model.model_fields[field].alias or to_camel(field)


def _refuse_nulls(payload: object, message: Wire) -> None:
    """Refuse null where a field is optional; the standard leaves such fields out.

    In Python ``None`` stands for an absent field, so the models let it through.
    """
    if not _holds_null(payload):
        return
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("null", "Input should not be null"),
            loc=loc,
            input=None,
        )
        for loc in _nulls(message, ())
    ]
    if errors:
        raise ValidationError.from_exception_data(type(message).__name__, errors)


def _holds_null(payload: object) -> bool:
    """Tell whether a null may be anywhere in it, by the quickest look there is."""
    try:
        return b"null" in to_json(payload)
    except ValueError:
        return True


def _nulls(message: Wire, loc: Loc) -> Iterator[Loc]:
    model = type(message)
    for name in message.model_fields_set:
        here = (*loc, wire_name(model, name))
        value = getattr(message, name)
        if value is None and model.model_fields[name].annotation is not Any:
            yield here
        elif isinstance(value, Wire):
            yield from _nulls(value, here)
        elif isinstance(value, tuple):
            for index, entry in enumerate(value):
                if isinstance(entry, Wire):
                    yield from _nulls(entry, (*here, index))


Q = TypeVar("Q", bound=Wire)
A = TypeVar("A", bound=Wire)


@dataclass(frozen=True, slots=True)
class Action(Generic[Q, A]):
    """A request, the answer it gets, and the editions that know it.

    Attributes:
        name: The action's name on the wire.
        request: The type of the payload of the CALL.
        response: The type of the payload of the CALLRESULT.
        editions: The editions in which it exists.
        direction: Who asks.
    """

    name: str
    request: type[Q]
    response: type[A]
    editions: frozenset[Edition]
    direction: Direction


@dataclass(frozen=True, slots=True)
class Unconfirmed(Generic[Q]):
    """A message that is owed no answer: it travels as SEND, type 6 (2.1 only).

    Attributes:
        name: The action's name on the wire.
        request: The type of the payload of the SEND.
        editions: The editions in which it exists.
        direction: Who tells.
    """

    name: str
    request: type[Q]
    editions: frozenset[Edition]
    direction: Direction


AnyAction: TypeAlias = Action[Any, Any] | Unconfirmed[Any]
"""Whatever has a name on the wire."""

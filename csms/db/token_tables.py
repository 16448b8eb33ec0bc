"""Id tokens, the lists that stations keep of them, and reservations, as tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.db.tables import Instant, metadata

revision = Sequence("id_token_revision", metadata=metadata)
"""Counts the changes of tokens, so that whoever keeps them in memory sees one."""

id_token = Table(
    "id_token",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    # Type and value as they are compared: without regard to case.
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("group_type", Text),
    Column("group_value", Text),
    Column("blocked", Boolean, nullable=False),
    Column("valid_from", Instant),
    Column("valid_until", Instant),
    Column("places", JSONB, nullable=False),
    Column("connector_types", JSONB, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("discharge", Boolean, nullable=False),
    Column("priority", Integer),
    Column("languages", JSONB, nullable=False),
    Column("message", Text, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("key"),
)

local_list = Table(
    "local_list",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), primary_key=True),
    Column("managed", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("intended_version", Integer, nullable=False),
    Column("known_version", Integer),
    Column("known_at", Instant),
    # The revision and the number of the tokens that it was made from.
    Column("revision", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("due_at", Instant),
    Column("left_out", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("changed_at", Instant),
    # What the station took, by token.
    Column("held", JSONB, nullable=False),
    CheckConstraint("state IN ('off', 'pending', 'synced', 'failed')", name="state"),
)

reservation = Table(
    "reservation",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer),
    Column("connector_type", Text),
    Column("token_type", Text, nullable=False),
    Column("token_value", Text, nullable=False),
    Column("group_type", Text),
    Column("group_value", Text),
    Column("expires_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("transaction_id", Text),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    CheckConstraint(
        "state IN ('asked', 'held', 'refused', 'used', 'cancelled', 'expired', "
        "'removed', 'no_transaction')",
        name="state",
    ),
    Index("ix_reservation_station_id_id", "station_id", "id"),
    Index(
        "ix_reservation_open",
        "expires_at",
        postgresql_where=text("state IN ('asked', 'held')"),
    ),
)

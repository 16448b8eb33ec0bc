"""Tables of what displays should show and do, and of what vendors exchange."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.db.tables import Instant, metadata

display_message = Table(
    "display_message",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("id", Integer, nullable=False),
    # What we want there; none of a message that only the station speaks of.
    Column("wanted", JSONB(none_as_null=True)),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("ends_at", Instant),
    Column("transaction_id", Text),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # What the station said that it shows, when it was last asked.
    Column("reported", JSONB(none_as_null=True)),
    Column("reported_at", Instant),
    PrimaryKeyConstraint("station_id", "id"),
    Index("ix_display_message_purpose", "purpose"),
)

data_transfer = Table(
    "data_transfer",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("direction", Text, nullable=False),
    Column("vendor_id", Text, nullable=False),
    Column("message_id", Text),
    # JSON as text: what vendors send may hold what jsonb does not keep.
    Column("data", Text),
    Column("status", Text, nullable=False),
    Column("answer", Text),
    Column("detail", Text, nullable=False),
    Column("asked_by", Text),
    Index("ix_data_transfer_station_id", "station_id", "id"),
)

data_transfer_rule = Table(
    "data_transfer_rule",
    metadata,
    Column("vendor_id", Text, nullable=False),
    # Empty for every message of the vendor that has no rule of its own.
    Column("message_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("answer", Text),
    Column("note", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("vendor_id", "message_id"),
)

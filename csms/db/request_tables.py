"""Tables of what is asked of stations by hand, and of their connectors."""

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

station_request = Table(
    "station_request",
    metadata,
    # On the wire a remoteStartId, which has 31 bits.
    Column(
        "id", BigInteger, Identity(maxvalue=2**31 - 1, cycle=True), primary_key=True
    ),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("evse", Integer),
    Column("connector", Integer),
    Column("detail", JSONB, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text),
    Column("info", Text, nullable=False),
    Column("transaction_id", Text),
    Column("done_at", Instant),
    Index("ix_station_request_station_id_id", "station_id", "id"),
)

connector = Table(
    "connector",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("station_id", "evse", "number"),
)

"""Tables of tariffs, of where they hold, and of what transactions cost."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.db.tables import Instant, metadata

tariff = Table(
    "tariff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("saved_by", Text, nullable=False),
)

tariff_assignment = Table(
    "tariff_assignment",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("tariff_id", Text, ForeignKey("tariff.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("assigned_at", Instant, nullable=False),
    Column("assigned_by", Text, nullable=False),
    PrimaryKeyConstraint("station_id", "evse"),
)

transaction_cost = Table(
    "transaction_cost",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("tariff_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total", Numeric, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("told_at", Instant),
    PrimaryKeyConstraint("station_id", "transaction_id"),
)

signed_value = Table(
    "signed_value",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("context", Text, nullable=False),
    Column("measurand", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("transaction_id", Text),
    Column("data", Text, nullable=False),
    Column("signing_method", Text),
    Column("encoding_method", Text, nullable=False),
    Column("public_key", Text),
    PrimaryKeyConstraint(
        "station_id", "evse", "at", "context", "measurand", "location", "phase"
    ),
)
"""What meters have signed, word for word, so that anybody can check it later."""

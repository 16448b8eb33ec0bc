"""What stations hold of profiles, limits from outside, needs of vehicles, controls."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
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

station_profile = Table(
    "station_profile",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("profile_id", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("intended", JSONB),
    Column("reported", JSONB),
    Column("by", Text),
    Column("intended_at", Instant),
    Column("reported_at", Instant),
    Column("detail", Text),
    PrimaryKeyConstraint("station_id", "profile_id"),
)

charging_limit = Table(
    "charging_limit",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("local_generation", Boolean, nullable=False),
    Column("grid_critical", Boolean),
    Column("document", JSONB, nullable=False),
    Column("since", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("station_id", "evse", "source", "local_generation"),
)

ev_negotiation = Table(
    "ev_negotiation",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("transaction_id", Text),
    Column("needs", JSONB, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("profile_id", Integer),
    Column("sent_at", Instant),
    Column("sent_result", Text),
    Column("schedule", JSONB),
    Column("schedule_at", Instant),
    Column("verdict", Text),
    Column("verdict_detail", Text),
    PrimaryKeyConstraint("station_id", "evse", "at"),
)

der_control = Table(
    "der_control",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("control_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("starts_at", Instant),
    Column("duration_s", Double),
    Column("intended", JSONB),
    Column("state", Text, nullable=False),
    Column("detail", Text),
    Column("by", Text),
    Column("sent_at", Instant),
    Column("reported", JSONB),
    Column("reported_at", Instant),
    Column("superseded", Boolean, nullable=False),
    Column("started_at", Instant),
    Column("stopped_at", Instant),
    PrimaryKeyConstraint("station_id", "control_id"),
)

der_alarm = Table(
    "der_alarm",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("fault", Text),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("info", Text, nullable=False),
    Index("ix_der_alarm_station_id", "station_id", "id"),
)

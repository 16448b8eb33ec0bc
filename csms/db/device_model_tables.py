"""The tables of device models: reports, drift, ways to connect, restarts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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

device_model = Table(
    "device_model",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("variables", Integer, nullable=False),
    Column("read_at", Instant, nullable=False),
)

device_report = Table(
    "device_report",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("request_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("asked", JSONB, nullable=False),
    Column("by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("variables", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("generated_at", Instant),
    Column("ended_at", Instant, nullable=False),
    Index("ix_device_report_station_id_id", "station_id", "id"),
)

station_drift = Table(
    "station_drift",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("component", Text, nullable=False),
    Column("component_instance", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    Column("variable", Text, nullable=False),
    Column("variable_instance", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("actual", Text),
    Column("kind", Text, nullable=False),
    Column("required", Boolean, nullable=False),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint(
        "station_id",
        "component",
        "component_instance",
        "evse",
        "connector",
        "variable",
        "variable_instance",
    ),
)

network_profile = Table(
    "network_profile",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("info", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    PrimaryKeyConstraint("station_id", "slot"),
)

station_reset = Table(
    "station_reset",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("info", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("boot_reason", Text),
    Index("ix_station_reset_station_id_id", "station_id", "id"),
)

"""Tables of block N: logs, monitors, notified events and alerts, customers, streams."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.db.tables import Instant, metadata

FIRST_REQUEST = 1_000_001
"""Request ids of ours start here, so that those of people who send commands by hand
are not taken for them."""

KEY = (
    "component",
    "component_instance",
    "evse",
    "connector",
    "variable",
    "variable_instance",
)
"""The columns that name a variable."""


def _key() -> tuple["Column[str] | Column[int]", ...]:
    return (
        Column("component", Text, nullable=False),
        Column("component_instance", Text, nullable=False),
        Column("evse", Integer, nullable=False),
        Column("connector", Integer, nullable=False),
        Column("variable", Text, nullable=False),
        Column("variable_instance", Text, nullable=False),
    )


def _request_id() -> "Column[int]":
    return Column("id", Integer, Identity(start=FIRST_REQUEST), primary_key=True)


def _station() -> "Column[str]":
    return Column("station_id", Text, ForeignKey("station.id"), nullable=False)


log_job = Table(
    "log_job",
    metadata,
    _request_id(),
    _station(),
    Column("kind", Text, nullable=False),
    Column("oldest_at", Instant),
    Column("latest_at", Instant),
    Column("retries", Integer, nullable=False),
    Column("retry_interval_s", Integer, nullable=False),
    Column("location", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("promised_name", Text),
    Column("heard_at", Instant, nullable=False),
    # The one-time credentials: only what is needed to know them again.
    Column("secret_hash", LargeBinary),
    Column("secret_expires_at", Instant),
    Column("secret_used_at", Instant),
    # The file that came.
    Column("file_name", Text),
    Column("content_type", Text),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("received_at", Instant),
    Column("deleted_at", Instant),
    Index("ix_log_job_station_id_id", "station_id", "id"),
    Index(
        "ix_log_job_open",
        "heard_at",
        postgresql_where="state IN ('asked', 'accepted', 'uploading')",
    ),
)

log_status = Table(
    "log_status",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("job_id", Integer, ForeignKey("log_job.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("info", Text, nullable=False),
    Index("ix_log_status_job_id_id", "job_id", "id"),
)

monitoring = Table(
    "monitoring",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), primary_key=True),
    Column("base", Text),
    Column("base_at", Instant),
    Column("level", Integer),
    Column("level_at", Instant),
)

monitor_intent = Table(
    "monitor_intent",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _station(),
    *_key(),
    Column("kind", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("value", Double, nullable=False),
    Column("transaction_only", Boolean, nullable=False),
    Column("stream_interval_s", Integer),
    Column("stream_values", Integer),
    Column("monitor_id", BigInteger),
    Column("status", Text, nullable=False),
    Column("info", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # A variable has one monitor of each kind and severity (N04.FR.10).
    UniqueConstraint("station_id", *KEY, "kind", "severity", name="uq_monitor_intent"),
)

reported_monitor = Table(
    "reported_monitor",
    metadata,
    _station(),
    Column("monitor_id", BigInteger, nullable=False),
    *_key(),
    Column("kind", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("value", Double, nullable=False),
    Column("transaction_only", Boolean, nullable=False),
    Column("origin", Text),
    Column("report_id", Integer, nullable=False),
    Column("reported_at", Instant, nullable=False),
    PrimaryKeyConstraint("station_id", "monitor_id"),
)

monitoring_report = Table(
    "monitoring_report",
    metadata,
    _request_id(),
    _station(),
    Column("criteria", JSONB, nullable=False),
    Column("variables", JSONB, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("info", Text, nullable=False),
    Column("numbers", JSONB, nullable=False),
    Column("last_number", Integer),
    Column("monitors", Integer, nullable=False),
    Column("heard_at", Instant, nullable=False),
    Column("complete", Boolean, nullable=False),
    Index("ix_monitoring_report_station_id_id", "station_id", "id"),
)

station_event = Table(
    "station_event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _station(),
    Column("event_id", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("origin", Text, nullable=False),
    *_key(),
    Column("value", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("severity_from", Text, nullable=False),
    Column("cleared", Boolean),
    Column("cause", BigInteger),
    Column("transaction_id", Text),
    Column("monitor_id", BigInteger),
    Column("tech_code", Text),
    Column("tech_info", Text),
    Index("ix_station_event_station_id_id", "station_id", "id"),
    Index("ix_station_event_received_at", "received_at", postgresql_using="brin"),
)

alert_rule = Table(
    "alert_rule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("component", Text, nullable=False),
    Column("variable", Text, nullable=False),
    Column("value", Text),
    Column("station", Text, nullable=False),
    Column("triggers", JSONB, nullable=False),
    Column("raises", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _station(),
    Column("rule_id", Text, nullable=False),
    *_key(),
    # -1 where the event names no monitor: NULLs would all be different.
    Column("monitor_id", BigInteger, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    Column("incident_id", BigInteger, ForeignKey("incident.id"), nullable=False),
    Column("cleared_at", Instant),
    Column("cleared_by", Text),
    # What the station's clock showed when it was over: older events change nothing.
    Column("over_at", Instant),
    Index("ix_alert_station_id_id", "station_id", "id"),
    Index(
        "uq_alert_open",
        "station_id",
        "rule_id",
        *KEY,
        "monitor_id",
        unique=True,
        postgresql_where="cleared_at IS NULL",
    ),
)

customer_request = Table(
    "customer_request",
    metadata,
    _request_id(),
    _station(),
    Column("reference_kind", Text, nullable=False),
    Column("reference", JSONB, nullable=False),
    Column("report", Boolean, nullable=False),
    Column("clear", Boolean, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("info", Text, nullable=False),
    Column("last_number", Integer),
    Column("complete", Boolean, nullable=False),
    Index("ix_customer_request_station_id_id", "station_id", "id"),
)

customer_part = Table(
    "customer_part",
    metadata,
    Column("request_id", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("generated_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("request_id", "number"),
    ForeignKeyConstraint(["request_id"], ["customer_request.id"], ondelete="CASCADE"),
)

event_stream = Table(
    "event_stream",
    metadata,
    _station(),
    Column("stream_id", BigInteger, nullable=False),
    Column("monitor_id", BigInteger, nullable=False),
    Column("interval_s", Integer),
    Column("values", Integer),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("received", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("pending", BigInteger, nullable=False),
    Column("growing", Integer, nullable=False),
    Column("last_at", Instant),
    PrimaryKeyConstraint("station_id", "stream_id"),
)

stream_value = Table(
    "stream_value",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("stream_id", BigInteger, nullable=False),
    # A ring: the slot is the number of the value modulo how many are kept.
    Column("slot", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("station_id", "stream_id", "slot"),
    ForeignKeyConstraint(
        ["station_id", "stream_id"],
        ["event_stream.station_id", "event_stream.stream_id"],
        ondelete="CASCADE",
    ),
)

"""Every table, in one place, as SQL sees it.

Instants are ``timestamptz`` and are told by the system, never made by the database.
Energy is ``bigint`` watt-seconds, power whole watts; positive is into the vehicle.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Instant = TIMESTAMP(timezone=True)
_Name = Text(collation="C")
"""A name that is compared byte by byte, which is quick."""


def _one_of(column: str, *words: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _evse_key(name: str = "evse") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["station_id", name], ["evse.station_id", "evse.number"]
    )


# -- who and where ---------------------------------------------------------------

participant = Table(
    "participant",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("kind", Text, nullable=False),
)

site = Table(
    "site",
    metadata,
    Column("id", Text, primary_key=True),
    Column("participant_id", Text, ForeignKey("participant.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("utility", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("customer_class", Text, nullable=False),
    Column("import_cap_w", BigInteger, nullable=False),
    Column("export_cap_w", BigInteger, nullable=False),
    Column("export_permission", Boolean, nullable=False),
)

vehicle = Table(
    "vehicle",
    metadata,
    Column("id", Text, primary_key=True),
    Column("participant_id", Text, ForeignKey("participant.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("battery_ws", BigInteger, nullable=False),
    Column("max_charge_w", BigInteger, nullable=False),
    Column("max_discharge_w", BigInteger, nullable=False),
    Column("min_soc_pct", Double, nullable=False),
    Column("departures", JSONB, nullable=False),
    Column("overrides", JSONB, nullable=False),
)

station = Table(
    "station",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site_id", Text, ForeignKey("site.id"), nullable=False, index=True),
    Column("password_hash", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("edition_pin", Text),
    # What the station said when it booted.
    Column("vendor", Text),
    Column("model", Text),
    Column("serial", Text),
    Column("firmware", Text),
    Column("boot_reason", Text),
    Column("booted_at", Instant),
    # What reading its device model taught us.
    Column("provisioned_at", Instant),
    Column("provisioned_for", Text),
    Column("capabilities", JSONB, nullable=False),
    Column("shortcomings", JSONB, nullable=False),
    # Presence: written on connect and disconnect, and by the live flush.
    Column("connected", Boolean, nullable=False),
    Column("edition", Text),
    Column("remote", Text),
    Column("connected_at", Instant),
    Column("disconnected_at", Instant),
    Column("last_seen_at", Instant),
    _one_of("standing", "accepted", "pending", "rejected"),
)

evse = Table(
    "evse",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("vehicle_id", Text, ForeignKey("vehicle.id"), index=True),
    Column("max_charge_w", BigInteger, nullable=False),
    Column("max_discharge_w", BigInteger, nullable=False),
    Column("min_discharge_w", BigInteger, nullable=False),
    Column("grid_parallel", Boolean, nullable=False),
    PrimaryKeyConstraint("station_id", "number"),
)

evse_live = Table(
    "evse_live",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector_status", Text),
    Column("connector_status_at", Instant),
    Column("transaction_id", Text),
    Column("plugged", Boolean, nullable=False),
    Column("plugged_at", Instant),
    Column("charging_state", Text),
    Column("operation_mode", Text),
    Column("power_w", BigInteger),
    Column("power_at", Instant),
    Column("soc_pct", Double),
    Column("soc_at", Instant),
    Column("import_ws", BigInteger),
    Column("export_ws", BigInteger),
    Column("register_at", Instant),
    # What the vehicle, the driver and the grid said that bounds a dispatch.
    Column("ev_needs", JSONB),
    Column("external_limit", JSONB),
    Column("der_alarm", JSONB),
    Column("priority_charging", Boolean, nullable=False),
    PrimaryKeyConstraint("station_id", "evse"),
    _evse_key(),
)

enrollment = Table(
    "enrollment",
    metadata,
    Column("program_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("participant_id", Text, ForeignKey("participant.id"), nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("participant_share", Numeric, nullable=False),
    PrimaryKeyConstraint("program_id", "station_id", "evse"),
    _evse_key(),
)

# -- what stations are -----------------------------------------------------------

station_variable = Table(
    "station_variable",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("component", _Name, nullable=False),
    Column("component_instance", _Name, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    Column("variable", _Name, nullable=False),
    Column("variable_instance", _Name, nullable=False),
    Column("attribute", _Name, nullable=False),
    Column("value", Text),
    Column("mutability", Text),
    Column("characteristics", JSONB(none_as_null=True)),
    Column("persistent", Boolean),
    Column("constant", Boolean),
    Column("due_value", Text),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint(
        "station_id",
        "component",
        "component_instance",
        "evse",
        "connector",
        "variable",
        "variable_instance",
        "attribute",
    ),
)

deviation = Table(
    "deviation",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("station_id", "kind", "path"),
)

rejected_handshake = Table(
    "rejected_handshake",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("station", Text, nullable=False),
    Column("remote", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)

message_log = Table(
    "message_log",
    metadata,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("at", Instant, nullable=False),
    Column("station", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("at", "id"),
    Index("ix_message_log_station_id", "station", "id"),
    postgresql_partition_by="RANGE (at)",
)

station_notice = Table(
    "station_notice",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    Index("ix_station_notice_station_id_id", "station_id", "id"),
)

# -- what stations report --------------------------------------------------------

transaction = Table(
    "transaction",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("evse", Integer),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("reports", BigInteger, nullable=False),
    Column("stopped_reason", Text),
    # The first said and the last said, each with the report that said so.
    Column("id_token", Text),
    Column("id_token_seq", BigInteger),
    Column("charging_state", Text),
    Column("charging_state_seq", BigInteger),
    Column("remote_start_id", BigInteger),
    Column("presumed_ended", Boolean, nullable=False),
    PrimaryKeyConstraint("station_id", "id"),
    Index("ix_transaction_station_id_last_at", "station_id", "last_at"),
)

transaction_report = Table(
    "transaction_report",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("seq_no", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("trigger_reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("payload", Text, nullable=False),
    PrimaryKeyConstraint("station_id", "transaction_id", "seq_no"),
    Index("ix_transaction_report_received_at", "received_at", postgresql_using="brin"),
)

transaction_conflict = Table(
    "transaction_conflict",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("seq_no", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("payload", Text, nullable=False),
    PrimaryKeyConstraint("station_id", "transaction_id", "seq_no", "digest"),
)

reading = Table(
    "reading",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("location", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("transaction_id", Text),
    Column("import_ws", BigInteger),
    Column("export_ws", BigInteger),
    Column("import_w", BigInteger),
    Column("export_w", BigInteger),
    Column("soc_pct", Double),
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("station_id", "evse", "at", "location", "context"),
    Index("ix_reading_received_at", "received_at", postgresql_using="brin"),
    # Readings whose transaction has not said its EVSE yet wait under EVSE 0.
    Index(
        "ix_reading_unplaced",
        "station_id",
        "transaction_id",
        postgresql_where="evse = 0 AND transaction_id IS NOT NULL",
    ),
)

quarter = Table(
    "quarter",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("start", Instant, nullable=False),
    Column("import_ws", BigInteger),
    Column("export_ws", BigInteger),
    Column("mean_w", BigInteger),
    Column("soc_pct", Double),
    Column("soc_at", Instant),
    Column("quality", Text, nullable=False),
    Column("transaction_id", Text),
    Column("plug_in_at", Instant),
    Column("plug_out_at", Instant),
    Column("charge_start_at", Instant),
    Column("charge_stop_at", Instant),
    Column("discharge_start_at", Instant),
    Column("discharge_stop_at", Instant),
    PrimaryKeyConstraint("station_id", "evse", "start"),
    Index("ix_quarter_start", "start"),
    _one_of("quality", "OK", "ESTIMATED", "MISSING", "BAD"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

# -- demand response -------------------------------------------------------------

event = Table(
    "event",
    metadata,
    Column("id", Text, primary_key=True),
    Column("program_id", Text, nullable=False),
    Column("program_version", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("stage", Text, nullable=False),
    Column("called_at", Instant, nullable=False),
    Column("target_w", BigInteger),
    Column("test", Boolean, nullable=False),
    Column("grace_s", Integer, nullable=False),
    # A notice accepted later than this does not allow dispatch.
    Column("notify_by", Instant, nullable=False),
    Column("due_at", Instant),
    Column("cancel_reason", Text),
    Column("revision", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("starts_at < ends_at", name="window"),
    _one_of(
        "stage",
        "draft",
        "scheduled",
        "notified",
        "active",
        "completed",
        "cancelled",
        "settled",
    ),
    Index("ix_event_due_at", "due_at"),
)

duty = Table(
    "duty",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("event_id", Text, ForeignKey("event.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    UniqueConstraint("event_id", "kind", "revision"),
    Index("ix_duty_open", "id", postgresql_where="done_at IS NULL"),
)

event_member = Table(
    "event_member",
    metadata,
    Column("event_id", Text, ForeignKey("event.id"), nullable=False),
    Column("station_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("participant_id", Text, ForeignKey("participant.id"), nullable=False),
    Column("site_id", Text, ForeignKey("site.id"), nullable=False),
    Column("exclusions", JSONB, nullable=False),
    # The plan at the opening of the window, kept for the accounts.
    Column("planned_w", BigInteger),
    Column("planned_ws", BigInteger),
    Column("limited_by", Text),
    Column("expected_soc_end_pct", Double),
    Column("opted_out_at", Instant),
    Column("opted_out_by", Text),
    # Why this EVSE is no longer dispatched, from when.
    Column("released_at", Instant),
    Column("release_reason", Text),
    Column("outcome", Text),
    Column("delivered_ws", BigInteger),
    Column("quality", Text),
    Column("reasons", JSONB),
    Column("states", JSONB, nullable=False),
    PrimaryKeyConstraint("event_id", "station_id", "evse"),
    _evse_key(),
    Index("ix_event_member_participant", "participant_id", "event_id"),
)

plan = Table(
    "plan",
    metadata,
    Column("event_id", Text, ForeignKey("event.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("because", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    PrimaryKeyConstraint("event_id", "revision"),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, ForeignKey("event.id")),
    Column("participant_id", Text, ForeignKey("participant.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("failed_at", Instant),
    Column("opened_at", Instant),
    Column("error", Text),
    UniqueConstraint("event_id", "participant_id", "kind", "channel", "revision"),
    Index("ix_notice_unsent", "next_attempt_at", postgresql_where="sent_at IS NULL"),
    Index("ix_notice_participant", "participant_id", "created_at"),
)

signed_link = Table(
    "signed_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("event_id", Text, ForeignKey("event.id"), nullable=False),
    Column("participant_id", Text, ForeignKey("participant.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

profile_intent = Table(
    "profile_intent",
    metadata,
    Column("station_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("profile_id", Integer, nullable=False),
    Column("event_id", Text, ForeignKey("event.id")),
    Column("transaction_id", Text),
    Column("fingerprint", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text),
    Column("updated_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("accepted_at", Instant),
    Column("echoed_at", Instant),
    Column("obeyed_at", Instant),
    PrimaryKeyConstraint("station_id", "evse", "role"),
    _one_of(
        "state",
        "wanted",
        "sent",
        "unknown",
        "accepted",
        "echoed",
        "obeyed",
        "rejected",
        "not_obeyed",
        "released",
        "expired",
    ),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("vendor_profile", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", Text),
)

incident = Table(
    "incident",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("severity", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("station_id", Text),
    Column("evse", Integer),
    Column("event_id", Text),
    Column("detail", JSONB, nullable=False),
    Column("resolved_at", Instant),
)

settlement = Table(
    "settlement",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("program_id", Text, nullable=False),
    Column("program_version", Text, nullable=False),
    Column("season", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("program_id", "season", "input_hash"),
)

# -- who may do what, and what was done --------------------------------------------

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    _one_of("role", "admin", "operator", "viewer"),
)

access_token = Table(
    "access_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("revoked_at", Instant),
    _one_of("role", "admin", "operator", "viewer"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("at", Instant, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", JSONB, nullable=False),
)

"""Create the tables of the first release.

Revision ID: 0001
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "access_token",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('admin', 'operator', 'viewer')", name=op.f("ck_access_token_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_access_token_token_hash")),
    )
    op.create_table(
        "account",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("disabled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('admin', 'operator', 'viewer')", name=op.f("ck_account_role")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursor")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("program_version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("called_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("target_w", sa.BigInteger(), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("grace_s", sa.Integer(), nullable=False),
        sa.Column("notify_by", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('draft', 'scheduled', 'notified', 'active', 'completed', 'cancelled', 'settled')",
            name=op.f("ck_event_stage"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_event_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_due_at", "event", ["due_at"], unique=False)
    op.create_table(
        "fact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=True),
        sa.Column("evse", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("resolved_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_table(
        "message_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_message_log")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "ix_message_log_station_id", "message_log", ["station", "id"], unique=False
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    op.create_table(
        "quarter",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("start", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("import_ws", sa.BigInteger(), nullable=True),
        sa.Column("export_ws", sa.BigInteger(), nullable=True),
        sa.Column("mean_w", sa.BigInteger(), nullable=True),
        sa.Column("soc_pct", sa.Double(), nullable=True),
        sa.Column("soc_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("plug_in_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("plug_out_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "charge_start_at", postgresql.TIMESTAMP(timezone=True), nullable=True
        ),
        sa.Column("charge_stop_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "discharge_start_at", postgresql.TIMESTAMP(timezone=True), nullable=True
        ),
        sa.Column(
            "discharge_stop_at", postgresql.TIMESTAMP(timezone=True), nullable=True
        ),
        sa.CheckConstraint(
            "quality IN ('OK', 'ESTIMATED', 'MISSING', 'BAD')",
            name=op.f("ck_quarter_quality"),
        ),
        sa.PrimaryKeyConstraint("station_id", "evse", "start", name=op.f("pk_quarter")),
    )
    op.create_index("ix_quarter_start", "quarter", ["start"], unique=False)
    op.create_table(
        "reading",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("import_ws", sa.BigInteger(), nullable=True),
        sa.Column("export_ws", sa.BigInteger(), nullable=True),
        sa.Column("import_w", sa.BigInteger(), nullable=True),
        sa.Column("export_w", sa.BigInteger(), nullable=True),
        sa.Column("soc_pct", sa.Double(), nullable=True),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "station_id", "evse", "at", "location", "context", name=op.f("pk_reading")
        ),
    )
    op.create_index(
        "ix_reading_received_at",
        "reading",
        ["received_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_index(
        "ix_reading_unplaced",
        "reading",
        ["station_id", "transaction_id"],
        unique=False,
        postgresql_where="evse = 0 AND transaction_id IS NOT NULL",
    )
    op.create_table(
        "rejected_handshake",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_handshake")),
    )
    op.create_index(
        op.f("ix_rejected_handshake_at"), "rejected_handshake", ["at"], unique=False
    )
    op.create_table(
        "settlement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("program_version", sa.Text(), nullable=False),
        sa.Column("season", sa.Text(), nullable=False),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint(
            "program_id",
            "season",
            "input_hash",
            name=op.f("uq_settlement_program_id_season_input_hash"),
        ),
    )
    op.create_table(
        "transaction_conflict",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("seq_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "station_id",
            "transaction_id",
            "seq_no",
            "digest",
            name=op.f("pk_transaction_conflict"),
        ),
    )
    op.create_table(
        "transaction_report",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("seq_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("trigger_reason", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "station_id", "transaction_id", "seq_no", name=op.f("pk_transaction_report")
        ),
    )
    op.create_index(
        "ix_transaction_report_received_at",
        "transaction_report",
        ["received_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_duty_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
        sa.UniqueConstraint(
            "event_id", "kind", "revision", name=op.f("uq_duty_event_id_kind_revision")
        ),
    )
    op.create_index(
        "ix_duty_open", "duty", ["id"], unique=False, postgresql_where="done_at IS NULL"
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "next_attempt_at", postgresql.TIMESTAMP(timezone=True), nullable=True
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_notice_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_notice_participant_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "event_id",
            "participant_id",
            "kind",
            "channel",
            "revision",
            name=op.f("uq_notice_event_id_participant_id_kind_channel_revision"),
        ),
    )
    op.create_index(
        "ix_notice_participant",
        "notice",
        ["participant_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_notice_unsent",
        "notice",
        ["next_attempt_at"],
        unique=False,
        postgresql_where="sent_at IS NULL",
    )
    op.create_table(
        "plan",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_plan_event_id")
        ),
        sa.PrimaryKeyConstraint("event_id", "revision", name=op.f("pk_plan")),
    )
    op.create_table(
        "profile_intent",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("echoed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("obeyed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('wanted', 'sent', 'unknown', 'accepted', 'echoed', 'obeyed', 'rejected', 'not_obeyed', 'released', 'expired')",
            name=op.f("ck_profile_intent_state"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_profile_intent_event_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "evse", "role", name=op.f("pk_profile_intent")
        ),
    )
    op.create_table(
        "signed_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_signed_link_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_signed_link_participant_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_signed_link")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("customer_class", sa.Text(), nullable=False),
        sa.Column("import_cap_w", sa.BigInteger(), nullable=False),
        sa.Column("export_cap_w", sa.BigInteger(), nullable=False),
        sa.Column("export_permission", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_site_participant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "vehicle",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("battery_ws", sa.BigInteger(), nullable=False),
        sa.Column("max_charge_w", sa.BigInteger(), nullable=False),
        sa.Column("max_discharge_w", sa.BigInteger(), nullable=False),
        sa.Column("min_soc_pct", sa.Double(), nullable=False),
        sa.Column(
            "departures", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("overrides", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_vehicle_participant_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle")),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("edition_pin", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.Column("boot_reason", sa.Text(), nullable=True),
        sa.Column("booted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("provisioned_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("provisioned_for", sa.Text(), nullable=True),
        sa.Column(
            "capabilities", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "shortcomings", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("connected_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "disconnected_at", postgresql.TIMESTAMP(timezone=True), nullable=True
        ),
        sa.Column("last_seen_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "standing IN ('accepted', 'pending', 'rejected')",
            name=op.f("ck_station_standing"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_station_site_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
    )
    op.create_index(op.f("ix_station_site_id"), "station", ["site_id"], unique=False)
    op.create_table(
        "deviation",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_deviation_station_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "kind", "path", name=op.f("pk_deviation")
        ),
    )
    op.create_table(
        "evse",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("vehicle_id", sa.Text(), nullable=True),
        sa.Column("max_charge_w", sa.BigInteger(), nullable=False),
        sa.Column("max_discharge_w", sa.BigInteger(), nullable=False),
        sa.Column("min_discharge_w", sa.BigInteger(), nullable=False),
        sa.Column("grid_parallel", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_evse_station_id")
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicle.id"], name=op.f("fk_evse_vehicle_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "number", name=op.f("pk_evse")),
    )
    op.create_index(op.f("ix_evse_vehicle_id"), "evse", ["vehicle_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("vendor_profile", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lifted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_quarantine_station_id")
        ),
        sa.PrimaryKeyConstraint("vendor_profile", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "station_notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_station_notice_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_notice")),
    )
    op.create_index(
        "ix_station_notice_station_id_id",
        "station_notice",
        ["station_id", "id"],
        unique=False,
    )
    op.create_table(
        "station_variable",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("component_instance", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("connector", sa.Integer(), nullable=False),
        sa.Column("variable", sa.Text(), nullable=False),
        sa.Column("variable_instance", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("mutability", sa.Text(), nullable=True),
        sa.Column(
            "characteristics",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_station_variable_station_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id",
            "component",
            "component_instance",
            "evse",
            "connector",
            "variable",
            "variable_instance",
            "attribute",
            name=op.f("pk_station_variable"),
        ),
    )
    op.create_table(
        "transaction",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("first_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("reports", sa.BigInteger(), nullable=False),
        sa.Column("stopped_reason", sa.Text(), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("id_token_seq", sa.BigInteger(), nullable=True),
        sa.Column("charging_state", sa.Text(), nullable=True),
        sa.Column("charging_state_seq", sa.BigInteger(), nullable=True),
        sa.Column("remote_start_id", sa.BigInteger(), nullable=True),
        sa.Column("presumed_ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_transaction_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "id", name=op.f("pk_transaction")),
    )
    op.create_index(
        "ix_transaction_station_id_last_at",
        "transaction",
        ["station_id", "last_at"],
        unique=False,
    )
    op.create_table(
        "enrollment",
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("participant_share", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_enrollment_participant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "evse"],
            ["evse.station_id", "evse.number"],
            name=op.f("fk_enrollment_station_id_evse"),
        ),
        sa.PrimaryKeyConstraint(
            "program_id", "station_id", "evse", name=op.f("pk_enrollment")
        ),
    )
    op.create_table(
        "event_member",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column(
            "exclusions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("planned_w", sa.BigInteger(), nullable=True),
        sa.Column("planned_ws", sa.BigInteger(), nullable=True),
        sa.Column("limited_by", sa.Text(), nullable=True),
        sa.Column("expected_soc_end_pct", sa.Double(), nullable=True),
        sa.Column("opted_out_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("opted_out_by", sa.Text(), nullable=True),
        sa.Column("released_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("delivered_ws", sa.BigInteger(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("states", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_member_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_event_member_participant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_event_member_site_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id", "evse"],
            ["evse.station_id", "evse.number"],
            name=op.f("fk_event_member_station_id_evse"),
        ),
        sa.PrimaryKeyConstraint(
            "event_id", "station_id", "evse", name=op.f("pk_event_member")
        ),
    )
    op.create_index(
        "ix_event_member_participant",
        "event_member",
        ["participant_id", "event_id"],
        unique=False,
    )
    op.create_table(
        "evse_live",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("connector_status", sa.Text(), nullable=True),
        sa.Column(
            "connector_status_at", postgresql.TIMESTAMP(timezone=True), nullable=True
        ),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("plugged", sa.Boolean(), nullable=False),
        sa.Column("plugged_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("charging_state", sa.Text(), nullable=True),
        sa.Column("operation_mode", sa.Text(), nullable=True),
        sa.Column("power_w", sa.BigInteger(), nullable=True),
        sa.Column("power_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("soc_pct", sa.Double(), nullable=True),
        sa.Column("soc_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("import_ws", sa.BigInteger(), nullable=True),
        sa.Column("export_ws", sa.BigInteger(), nullable=True),
        sa.Column("register_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ev_needs", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "external_limit", postgresql.JSONB(astext_type=sa.Text()), nullable=True
        ),
        sa.Column("der_alarm", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("priority_charging", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id", "evse"],
            ["evse.station_id", "evse.number"],
            name=op.f("fk_evse_live_station_id_evse"),
        ),
        sa.PrimaryKeyConstraint("station_id", "evse", name=op.f("pk_evse_live")),
    )


def downgrade() -> None:
    """Drop everything."""
    op.drop_table("evse_live")
    op.drop_index("ix_event_member_participant", table_name="event_member")
    op.drop_table("event_member")
    op.drop_table("enrollment")
    op.drop_index("ix_transaction_station_id_last_at", table_name="transaction")
    op.drop_table("transaction")
    op.drop_table("station_variable")
    op.drop_index("ix_station_notice_station_id_id", table_name="station_notice")
    op.drop_table("station_notice")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_evse_vehicle_id"), table_name="evse")
    op.drop_table("evse")
    op.drop_table("deviation")
    op.drop_index(op.f("ix_station_site_id"), table_name="station")
    op.drop_table("station")
    op.drop_table("vehicle")
    op.drop_table("site")
    op.drop_table("signed_link")
    op.drop_table("profile_intent")
    op.drop_table("plan")
    op.drop_index(
        "ix_notice_unsent", table_name="notice", postgresql_where="sent_at IS NULL"
    )
    op.drop_index("ix_notice_participant", table_name="notice")
    op.drop_table("notice")
    op.drop_index("ix_duty_open", table_name="duty", postgresql_where="done_at IS NULL")
    op.drop_table("duty")
    op.drop_index(
        "ix_transaction_report_received_at",
        table_name="transaction_report",
        postgresql_using="brin",
    )
    op.drop_table("transaction_report")
    op.drop_table("transaction_conflict")
    op.drop_table("settlement")
    op.drop_index(op.f("ix_rejected_handshake_at"), table_name="rejected_handshake")
    op.drop_table("rejected_handshake")
    op.drop_index(
        "ix_reading_unplaced",
        table_name="reading",
        postgresql_where="evse = 0 AND transaction_id IS NOT NULL",
    )
    op.drop_index(
        "ix_reading_received_at", table_name="reading", postgresql_using="brin"
    )
    op.drop_table("reading")
    op.drop_index("ix_quarter_start", table_name="quarter")
    op.drop_table("quarter")
    op.drop_table("participant")
    op.drop_index("ix_message_log_station_id", table_name="message_log")
    op.drop_table("message_log")
    op.drop_table("incident")
    op.drop_table("idempotency")
    op.drop_table("fact")
    op.drop_index("ix_event_due_at", table_name="event")
    op.drop_table("event")
    op.drop_table("cursor")
    op.drop_table("audit")
    op.drop_table("account")
    op.drop_table("access_token")

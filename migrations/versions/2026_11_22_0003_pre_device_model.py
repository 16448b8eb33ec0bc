"""Device models, reports of them, drift, ways to connect, restarts.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = postgresql.TIMESTAMP(timezone=True)
_NAMES = (
    "component",
    "component_instance",
    "variable",
    "variable_instance",
    "attribute",
)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Create them."""
    op.add_column("station_variable", sa.Column("persistent", sa.Boolean()))
    op.add_column("station_variable", sa.Column("constant", sa.Boolean()))
    op.add_column("station_variable", sa.Column("due_value", sa.Text()))
    # A model is thousands of rows, and a check of each costs as much as writing it.
    op.drop_constraint(
        op.f("fk_station_variable_station_id"), "station_variable", type_="foreignkey"
    )
    for column in _NAMES:
        op.alter_column("station_variable", column, type_=sa.Text(collation="C"))
    op.create_table(
        "device_model",
        _station(),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("variables", sa.Integer(), nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        _belongs("device_model"),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_device_model")),
    )
    op.create_table(
        "device_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _station(),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked", _JSON, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("variables", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("generated_at", _INSTANT),
        sa.Column("ended_at", _INSTANT, nullable=False),
        _belongs("device_report"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_report")),
    )
    op.create_index(
        "ix_device_report_station_id_id", "device_report", ["station_id", "id"]
    )
    names = (
        "component",
        "component_instance",
        "evse",
        "connector",
        "variable",
        "variable_instance",
    )
    op.create_table(
        "station_drift",
        _station(),
        *(
            sa.Column(
                name,
                sa.Integer() if name in ("evse", "connector") else sa.Text(),
                nullable=False,
            )
            for name in names
        ),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("actual", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        _belongs("station_drift"),
        sa.PrimaryKeyConstraint("station_id", *names, name=op.f("pk_station_drift")),
    )
    op.create_table(
        "network_profile",
        _station(),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        _belongs("network_profile"),
        sa.PrimaryKeyConstraint("station_id", "slot", name=op.f("pk_network_profile")),
    )
    op.create_table(
        "station_reset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _station(),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("done_at", _INSTANT),
        sa.Column("boot_reason", sa.Text()),
        _belongs("station_reset"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_reset")),
    )
    op.create_index(
        "ix_station_reset_station_id_id", "station_reset", ["station_id", "id"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_station_reset_station_id_id", table_name="station_reset")
    op.drop_index("ix_device_report_station_id_id", table_name="device_report")
    for table in (
        "station_reset",
        "network_profile",
        "station_drift",
        "device_report",
        "device_model",
    ):
        op.drop_table(table)
    for column in _NAMES:
        op.alter_column("station_variable", column, type_=sa.Text())
    op.create_foreign_key(
        op.f("fk_station_variable_station_id"),
        "station_variable",
        "station",
        ["station_id"],
        ["id"],
    )
    for column in ("due_value", "constant", "persistent"):
        op.drop_column("station_variable", column)


def _station() -> sa.Column[str]:
    return sa.Column("station_id", sa.Text(), nullable=False)


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["station_id"], ["station.id"], name=op.f(f"fk_{table}_station_id")
    )

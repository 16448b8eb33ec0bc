"""Schedules of vehicles, controls of the grid.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = TIMESTAMP(timezone=True)
TABLES = (
    "der_alarm",
    "der_control",
    "ev_negotiation",
    "charging_limit",
    "station_profile",
)


def upgrade() -> None:
    """Create them."""
    _create(
        "station_profile",
        ("profile_id", sa.Integer(), False),
        ("source", sa.Text(), False),
        ("intended", JSONB(), True),
        ("reported", JSONB(), True),
        ("by", sa.Text(), True),
        ("intended_at", INSTANT, True),
        ("reported_at", INSTANT, True),
        ("detail", sa.Text(), True),
        key=("profile_id",),
    )
    _create(
        "charging_limit",
        ("evse", sa.Integer(), False),
        ("source", sa.Text(), False),
        ("local_generation", sa.Boolean(), False),
        ("grid_critical", sa.Boolean(), True),
        ("document", JSONB(), False),
        ("since", INSTANT, False),
        ("updated_at", INSTANT, False),
        key=("evse", "source", "local_generation"),
    )
    _create(
        "ev_negotiation",
        ("evse", sa.Integer(), False),
        ("at", INSTANT, False),
        ("transaction_id", sa.Text(), True),
        ("needs", JSONB(), False),
        ("decision", sa.Text(), False),
        ("reason", sa.Text(), False),
        ("profile_id", sa.Integer(), True),
        ("sent_at", INSTANT, True),
        ("sent_result", sa.Text(), True),
        ("schedule", JSONB(), True),
        ("schedule_at", INSTANT, True),
        ("verdict", sa.Text(), True),
        ("verdict_detail", sa.Text(), True),
        key=("evse", "at"),
    )
    _create(
        "der_control",
        ("control_id", sa.Text(), False),
        ("kind", sa.Text(), False),
        ("is_default", sa.Boolean(), False),
        ("priority", sa.Integer(), False),
        ("starts_at", INSTANT, True),
        ("duration_s", sa.Double(), True),
        ("intended", JSONB(), True),
        ("state", sa.Text(), False),
        ("detail", sa.Text(), True),
        ("by", sa.Text(), True),
        ("sent_at", INSTANT, True),
        ("reported", JSONB(), True),
        ("reported_at", INSTANT, True),
        ("superseded", sa.Boolean(), False),
        ("started_at", INSTANT, True),
        ("stopped_at", INSTANT, True),
        key=("control_id",),
    )
    op.create_table(
        "der_alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("info", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_der_alarm_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_der_alarm")),
    )
    op.create_index("ix_der_alarm_station_id", "der_alarm", ["station_id", "id"])


def _create(table, *columns, key) -> None:
    op.create_table(
        table,
        sa.Column("station_id", sa.Text(), nullable=False),
        *(
            sa.Column(name, kind, nullable=nullable)
            for name, kind, nullable in columns
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f(f"fk_{table}_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", *key, name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_table(table)

"""Requests to stations, connectors, tariffs, costs and signed values.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "tariff",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
    )
    op.create_table(
        "transaction_cost",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("tariff_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.Numeric(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint(
            "station_id", "transaction_id", name=op.f("pk_transaction_cost")
        ),
    )
    op.create_table(
        "connector",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_connector_station_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "evse", "number", name=op.f("pk_connector")
        ),
    )
    op.create_table(
        "signed_value",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("measurand", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("signing_method", sa.Text(), nullable=True),
        sa.Column("encoding_method", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_signed_value_station_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id",
            "evse",
            "at",
            "context",
            "measurand",
            "location",
            "phase",
            name=op.f("pk_signed_value"),
        ),
    )
    op.create_table(
        "station_request",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False, maxvalue=2147483647, cycle=True),
            nullable=False,
        ),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=True),
        sa.Column("connector", sa.Integer(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("info", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_station_request_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_request")),
    )
    op.create_index(
        "ix_station_request_station_id_id",
        "station_request",
        ["station_id", "id"],
        unique=False,
    )
    op.create_table(
        "tariff_assignment",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("tariff_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assigned_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_tariff_assignment_station_id")
        ),
        sa.ForeignKeyConstraint(
            ["tariff_id"], ["tariff.id"], name=op.f("fk_tariff_assignment_tariff_id")
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "evse", name=op.f("pk_tariff_assignment")
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("tariff_assignment")
    op.drop_index("ix_station_request_station_id_id", table_name="station_request")
    op.drop_table("station_request")
    op.drop_table("signed_value")
    op.drop_table("connector")
    op.drop_table("transaction_cost")
    op.drop_table("tariff")

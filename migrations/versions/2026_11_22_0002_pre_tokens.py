"""Tokens, local lists, reservations.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = postgresql.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Create them."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("id_token_revision")))
    op.create_table(
        "id_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("group_type", sa.Text(), nullable=True),
        sa.Column("group_value", sa.Text(), nullable=True),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("valid_from", _INSTANT, nullable=True),
        sa.Column("valid_until", _INSTANT, nullable=True),
        sa.Column("places", _JSON, nullable=False),
        sa.Column("connector_types", _JSON, nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("discharge", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("languages", _JSON, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_id_token")),
        sa.UniqueConstraint("key", name=op.f("uq_id_token_key")),
    )
    op.create_index(op.f("ix_id_token_revision"), "id_token", ["revision"])
    op.create_table(
        "local_list",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("intended_version", sa.Integer(), nullable=False),
        sa.Column("known_version", sa.Integer(), nullable=True),
        sa.Column("known_at", _INSTANT, nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=True),
        sa.Column("held", _JSON, nullable=False),
        sa.CheckConstraint(
            "state IN ('off', 'pending', 'synced', 'failed')",
            name=op.f("ck_local_list_state"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_local_list_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_local_list")),
    )
    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=True),
        sa.Column("connector_type", sa.Text(), nullable=True),
        sa.Column("token_type", sa.Text(), nullable=False),
        sa.Column("token_value", sa.Text(), nullable=False),
        sa.Column("group_type", sa.Text(), nullable=True),
        sa.Column("group_value", sa.Text(), nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'held', 'refused', 'used', 'cancelled', 'expired', "
            "'removed', 'no_transaction')",
            name=op.f("ck_reservation_state"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_reservation_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    op.create_index(
        "ix_reservation_station_id_id", "reservation", ["station_id", "id"]
    )
    op.create_index(
        "ix_reservation_open",
        "reservation",
        ["expires_at"],
        postgresql_where=sa.text("state IN ('asked', 'held')"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("reservation")
    op.drop_table("local_list")
    op.drop_table("id_token")
    op.execute(sa.schema.DropSequence(sa.Sequence("id_token_revision")))

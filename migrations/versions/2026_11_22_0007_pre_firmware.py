"""Firmware, campaigns, display messages.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "firmware_image",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("md5", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("signing_certificate", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("valid_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("retired_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firmware_image")),
    )
    op.create_table(
        "firmware_campaign",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("wave_size", sa.Integer(), nullable=False),
        sa.Column("max_parallel", sa.Integer(), nullable=False),
        sa.Column("pause_share", sa.Double(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("retry_rest_s", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("starts_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("counted_from", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["firmware_image.id"],
            name=op.f("fk_firmware_campaign_image_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firmware_campaign")),
    )
    op.create_index(
        "ix_firmware_campaign_due_at", "firmware_campaign", ["due_at"], unique=False
    )
    op.create_table(
        "firmware_update",
        sa.Column(
            "request_id", sa.Integer(), sa.Identity(always=False), nullable=False
        ),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("secured", sa.Boolean(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("retrieve_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("install_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("retry_interval_s", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("passed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("probed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("confirmed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("fetched_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["firmware_campaign.id"],
            name=op.f("fk_firmware_update_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["firmware_image.id"],
            name=op.f("fk_firmware_update_image_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_firmware_update_station_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_firmware_update")),
    )
    op.create_index(
        "ix_firmware_update_due_at",
        "firmware_update",
        ["due_at"],
        unique=False,
        postgresql_where="due_at IS NOT NULL",
    )
    op.create_index(
        "ix_firmware_update_station_id",
        "firmware_update",
        ["station_id", "request_id"],
        unique=False,
    )
    op.create_index(
        "ix_firmware_update_unconfirmed",
        "firmware_update",
        ["station_id"],
        unique=False,
        postgresql_where="confirmed_at IS NULL AND sent_at IS NOT NULL",
    )
    op.create_table(
        "firmware_publication",
        sa.Column(
            "request_id", sa.Integer(), sa.Identity(always=False), nullable=False
        ),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("locations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["firmware_image.id"],
            name=op.f("fk_firmware_publication_image_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station.id"],
            name=op.f("fk_firmware_publication_station_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_firmware_publication")),
    )
    op.create_index(
        "ix_firmware_publication_station_id",
        "firmware_publication",
        ["station_id", "request_id"],
        unique=False,
    )
    op.create_table(
        "firmware_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("fit", sa.Text(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firmware_step")),
    )
    op.create_index(
        "ix_firmware_step_request_id",
        "firmware_step",
        ["kind", "request_id", "id"],
        unique=False,
    )
    op.create_table(
        "firmware_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["firmware_image.id"], name=op.f("fk_firmware_link_image_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_firmware_link_station_id")
        ),
        sa.ForeignKeyConstraint(
            ["update_id"],
            ["firmware_update.request_id"],
            name=op.f("fk_firmware_link_update_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_firmware_link")),
    )
    op.create_table(
        "firmware_campaign_member",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["firmware_campaign.id"],
            name=op.f("fk_firmware_campaign_member_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["firmware_update.request_id"],
            name=op.f("fk_firmware_campaign_member_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station.id"],
            name=op.f("fk_firmware_campaign_member_station_id"),
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "station_id", name=op.f("pk_firmware_campaign_member")
        ),
    )
    op.create_table(
        "display_message",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "wanted",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("ends_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "reported",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("reported_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_display_message_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "id", name=op.f("pk_display_message")),
    )
    op.create_index(
        "ix_display_message_purpose", "display_message", ["purpose"], unique=False
    )
    op.create_table(
        "data_transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_data_transfer_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_transfer")),
    )
    op.create_index(
        "ix_data_transfer_station_id",
        "data_transfer",
        ["station_id", "id"],
        unique=False,
    )
    op.create_table(
        "data_transfer_rule",
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "vendor_id", "message_id", name=op.f("pk_data_transfer_rule")
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("data_transfer_rule")
    op.drop_index("ix_data_transfer_station_id", table_name="data_transfer")
    op.drop_table("data_transfer")
    op.drop_index("ix_display_message_purpose", table_name="display_message")
    op.drop_table("display_message")
    op.drop_table("firmware_campaign_member")
    op.drop_table("firmware_link")
    op.drop_index("ix_firmware_step_request_id", table_name="firmware_step")
    op.drop_table("firmware_step")
    op.drop_index(
        "ix_firmware_publication_station_id", table_name="firmware_publication"
    )
    op.drop_table("firmware_publication")
    op.drop_index(
        "ix_firmware_update_due_at",
        table_name="firmware_update",
        postgresql_where="due_at IS NOT NULL",
    )
    op.drop_index("ix_firmware_update_station_id", table_name="firmware_update")
    op.drop_index(
        "ix_firmware_update_unconfirmed",
        table_name="firmware_update",
        postgresql_where="confirmed_at IS NULL AND sent_at IS NOT NULL",
    )
    op.drop_table("firmware_update")
    op.drop_index("ix_firmware_campaign_due_at", table_name="firmware_campaign")
    op.drop_table("firmware_campaign")
    op.drop_table("firmware_image")

"""Certificates of stations and vehicles.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "root_rotation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("switched_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "stage IN ('installing', 'ready', 'switched', 'done', 'cancelled')",
            name=op.f("ck_root_rotation_stage"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_root_rotation")),
    )
    op.create_table(
        "trusted_root",
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("not_after", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("authority", sa.Boolean(), nullable=False),
        sa.Column("self_signed", sa.Boolean(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("weakness", sa.Text(), nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "use IN ('V2GRootCertificate', 'MORootCertificate', 'CSMSRootCertificate',"
            " 'ManufacturerRootCertificate', 'OEMRootCertificate',"
            " 'IntermediateCertificate')",
            name=op.f("ck_trusted_root_use"),
        ),
        sa.PrimaryKeyConstraint("use", "fingerprint", name=op.f("pk_trusted_root")),
    )
    op.create_table(
        "certificate_intent",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "stage IN ('sent', 'unknown', 'accepted', 'verified', 'rejected',"
            " 'failed')",
            name=op.f("ck_certificate_intent_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station.id"],
            name=op.f("fk_certificate_intent_station_id"),
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "use", "fingerprint", name=op.f("pk_certificate_intent")
        ),
    )
    op.create_table(
        "installed_certificate",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("issuer_key", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("children", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station.id"],
            name=op.f("fk_installed_certificate_station_id"),
        ),
        sa.PrimaryKeyConstraint(
            "station_id", "use", "place", name=op.f("pk_installed_certificate")
        ),
    )
    op.create_table(
        "installed_report",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("reported_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_installed_report_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_installed_report")),
    )
    op.create_table(
        "root_rotation_member",
        sa.Column("rotation_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('waiting', 'verified', 'cleaned', 'failed', 'left_out')",
            name=op.f("ck_root_rotation_member_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["rotation_id"],
            ["root_rotation.id"],
            name=op.f("fk_root_rotation_member_rotation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station.id"],
            name=op.f("fk_root_rotation_member_station_id"),
        ),
        sa.PrimaryKeyConstraint(
            "rotation_id", "station_id", name=op.f("pk_root_rotation_member")
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("root_rotation_member")
    op.drop_table("installed_report")
    op.drop_table("installed_certificate")
    op.drop_table("certificate_intent")
    op.drop_table("trusted_root")
    op.drop_table("root_rotation")

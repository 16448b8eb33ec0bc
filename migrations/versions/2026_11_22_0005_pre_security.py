"""Keys, passwords, security profiles; an audit trail that can only grow.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = TIMESTAMP(timezone=True)
TABLES = (
    "security_event",
    "signing_request",
    "issued_certificate",
    "security_upgrade",
    "password_rotation",
    "station_security",
)


def upgrade() -> None:
    """Create them."""
    _doors()
    _certificates()
    op.create_table(
        "security_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _station(),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("tech_info", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        _of_station("security_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_event")),
    )
    op.create_index(
        "ix_security_event_station_id", "security_event", ["station_id", "id"]
    )
    op.execute(
        """
        CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit trail can only grow: % is refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_only_grows
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
        """
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TRIGGER audit_only_grows ON audit")
    op.execute("DROP FUNCTION audit_only_grows()")
    for table in TABLES:
        op.drop_table(table)


def _doors() -> None:
    op.create_table(
        "station_security",
        _station(),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("accepts_expired", sa.Boolean(), nullable=False),
        sa.Column("last_profile", sa.Integer(), nullable=True),
        sa.Column("last_at", INSTANT, nullable=True),
        sa.Column("imported_hash", sa.Text(), nullable=True),
        sa.Column("password_at", INSTANT, nullable=True),
        _of_station("station_security"),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_station_security")),
    )
    op.create_table(
        "password_rotation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _station(),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("new_hash", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _of_station("password_rotation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_rotation")),
    )
    op.create_index(
        op.f("ix_password_rotation_station_id"), "password_rotation", ["station_id"]
    )
    op.create_table(
        "security_upgrade",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _station(),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("interface", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("former", sa.Text(), nullable=True),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("deadline", INSTANT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _of_station("security_upgrade"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_upgrade")),
    )
    op.create_index(
        "uq_security_upgrade_open",
        "security_upgrade",
        ["station_id"],
        unique=True,
        postgresql_where=sa.text(
            "state NOT IN ('done', 'fell_back', 'refused', 'cancelled')"
        ),
    )


def _certificates() -> None:
    op.create_table(
        "issued_certificate",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.Column("not_after", INSTANT, nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _of_station("issued_certificate"),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_issued_certificate")),
    )
    op.create_index(
        op.f("ix_issued_certificate_station_id"), "issued_certificate", ["station_id"]
    )
    op.create_table(
        "signing_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _station(),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("csr", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fingerprint"],
            ["issued_certificate.fingerprint"],
            name=op.f("fk_signing_request_fingerprint"),
        ),
        _of_station("signing_request"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_request")),
    )
    op.create_index(
        op.f("ix_signing_request_station_id"), "signing_request", ["station_id"]
    )


def _station() -> sa.Column[str]:
    return sa.Column("station_id", sa.Text(), nullable=False)


def _of_station(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["station_id"], ["station.id"], name=op.f(f"fk_{table}_station_id")
    )

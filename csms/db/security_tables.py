"""Keys, passwords on their way, security profiles and events, as SQL sees them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from csms.db.tables import Instant, metadata

station_security = Table(
    "station_security",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), primary_key=True),
    Column("least", Integer, nullable=False),
    Column("accepts_expired", Boolean, nullable=False),
    Column("last_profile", Integer),
    Column("last_at", Instant),
    Column("imported_hash", Text),
    Column("password_at", Instant),
)

password_rotation = Table(
    "password_rotation",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("new_hash", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

security_upgrade = Table(
    "security_upgrade",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("target", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("interface", Text, nullable=False),
    Column("slot", Integer),
    Column("former", Text),
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # One upgrade of a station at a time.
    Index(
        "uq_security_upgrade_open",
        "station_id",
        unique=True,
        postgresql_where=text(
            "state NOT IN ('done', 'fell_back', 'refused', 'cancelled')"
        ),
    ),
)

issued_certificate = Table(
    "issued_certificate",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("serial", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("station_id", Text, ForeignKey("station.id"), index=True),
    Column("subject", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("chain", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("authority", Text, nullable=False),
    Column("revoked_at", Instant),
    Column("reason", Text, nullable=False),
)

signing_request = Table(
    "signing_request",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False, index=True),
    Column("use", Text, nullable=False),
    Column("csr", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("request_id", BigInteger),
    Column("typed", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reference", Text),
    Column("fingerprint", Text, ForeignKey("issued_certificate.fingerprint")),
    Column("reason", Text, nullable=False),
)

security_event = Table(
    "security_event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("tech_info", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index("ix_security_event_station_id", "station_id", "id"),
)

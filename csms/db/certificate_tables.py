"""Tables of certificates: whom we trust, what stations hold, changes of roots."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.db.tables import Instant, metadata


def _one_of(column: str, *words: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


trusted_root = Table(
    "trusted_root",
    metadata,
    Column("use", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("pem", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("authority", Boolean, nullable=False),
    Column("self_signed", Boolean, nullable=False),
    Column("key", Text, nullable=False),
    Column("weakness", Text),
    Column("added_by", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("replaced_by", Text),
    PrimaryKeyConstraint("use", "fingerprint"),
    _one_of(
        "use",
        "V2GRootCertificate",
        "MORootCertificate",
        "CSMSRootCertificate",
        "ManufacturerRootCertificate",
        "OEMRootCertificate",
        "IntermediateCertificate",
    ),
)

installed_certificate = Table(
    "installed_certificate",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    # In the order in which the station said them.
    Column("place", Integer, nullable=False),
    Column("use", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("issuer_name", Text, nullable=False),
    Column("issuer_key", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("children", JSONB, nullable=False),
    PrimaryKeyConstraint("station_id", "use", "place"),
)

installed_report = Table(
    "installed_report",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), primary_key=True),
    Column("reported_at", Instant, nullable=False),
)

certificate_intent = Table(
    "certificate_intent",
    metadata,
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("use", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("stage", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("station_id", "use", "fingerprint"),
    _one_of("stage", "sent", "unknown", "accepted", "verified", "rejected", "failed"),
)

root_rotation = Table(
    "root_rotation",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("use", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("switched_at", Instant),
    _one_of("stage", "installing", "ready", "switched", "done", "cancelled"),
)

root_rotation_member = Table(
    "root_rotation_member",
    metadata,
    Column("rotation_id", BigInteger, ForeignKey("root_rotation.id"), nullable=False),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("rotation_id", "station_id"),
    _one_of("stage", "waiting", "verified", "cleaned", "failed", "left_out"),
)

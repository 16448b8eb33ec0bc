"""Tables of firmware: images, updates, campaigns, and what local controllers offer."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.db.tables import Instant, metadata

image = Table(
    "firmware_image",
    metadata,
    Column("id", Text, primary_key=True),
    Column("vendor", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("location", Text),
    Column("filename", Text),
    Column("size", BigInteger),
    Column("md5", Text),
    Column("sha256", Text),
    Column("signing_certificate", Text),
    Column("signature", Text),
    Column("valid_until", Instant),
    Column("note", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("retired_at", Instant),
)

update = Table(
    "firmware_update",
    metadata,
    # One sequence for all stations, so that a number never means two updates.
    Column("request_id", Integer, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("image_id", Text, ForeignKey("firmware_image.id"), nullable=False),
    Column("campaign_id", Text, ForeignKey("firmware_campaign.id")),
    Column("version", Text, nullable=False),
    Column("secured", Boolean, nullable=False),
    Column("location", Text),
    Column("retrieve_at", Instant, nullable=False),
    Column("install_at", Instant),
    Column("retries", Integer),
    Column("retry_interval_s", Integer),
    Column("state", Text, nullable=False),
    Column("passed", JSONB, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("sent_at", Instant),
    Column("updated_at", Instant),
    Column("due_at", Instant),
    Column("probed_at", Instant),
    Column("confirmed_at", Instant),
    Column("fetched_at", Instant),
    Index("ix_firmware_update_station_id", "station_id", "request_id"),
    Index("ix_firmware_update_due_at", "due_at", postgresql_where="due_at IS NOT NULL"),
    Index(
        "ix_firmware_update_unconfirmed",
        "station_id",
        postgresql_where="confirmed_at IS NULL AND sent_at IS NOT NULL",
    ),
)

publication = Table(
    "firmware_publication",
    metadata,
    Column("request_id", Integer, Identity(), primary_key=True),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("image_id", Text, ForeignKey("firmware_image.id"), nullable=False),
    Column("checksum", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("locations", JSONB, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_firmware_publication_station_id", "station_id", "request_id"),
)

step = Table(
    "firmware_step",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    # An update or a publication: each numbers its own.
    Column("kind", Text, nullable=False),
    Column("request_id", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("said", Text, nullable=False),
    Column("fit", Text, nullable=False),
    Column("info", Text, nullable=False),
    Index("ix_firmware_step_request_id", "kind", "request_id", "id"),
)

link = Table(
    "firmware_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("image_id", Text, ForeignKey("firmware_image.id"), nullable=False),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("update_id", Integer, ForeignKey("firmware_update.request_id")),
    Column("expires_at", Instant, nullable=False),
)

campaign = Table(
    "firmware_campaign",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("image_id", Text, ForeignKey("firmware_image.id"), nullable=False),
    Column("version", Text, nullable=False),
    Column("wave_size", Integer, nullable=False),
    Column("max_parallel", Integer, nullable=False),
    Column("pause_share", Double, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("retry_rest_s", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("counted_from", Instant),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Index("ix_firmware_campaign_due_at", "due_at"),
)

member = Table(
    "firmware_campaign_member",
    metadata,
    Column("campaign_id", Text, ForeignKey("firmware_campaign.id"), nullable=False),
    Column("station_id", Text, ForeignKey("station.id"), nullable=False),
    Column("wave", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("request_id", Integer, ForeignKey("firmware_update.request_id")),
    Column("not_before", Instant),
    Column("detail", Text, nullable=False),
    Column("updated_at", Instant),
    PrimaryKeyConstraint("campaign_id", "station_id"),
)

"""What the API says of certificates: requests, answers, and how they are made."""

from datetime import datetime

from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.domain.certificate import CertificateHash, RootUse, TrustedRoot
from csms.services.certificate_overview import (
    CertificateOverview,
    Drift,
    HeldCertificate,
)
from csms.services.node import Node
from csms.services.ports.certificate_store import (
    CertificateIntent,
    MemberStage,
    Rotation,
    RotationStage,
)
from csms.services.station_certificates import Outcome


class RootItem(BaseModel):
    """A certificate of the trust store."""

    use: RootUse
    fingerprint: str = Field(description="SHA-256 of the whole certificate.")
    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    days_left: int = Field(description="Below zero once it has expired.")
    key: str
    self_signed: bool
    added_by: str
    added_at: datetime
    replaced_by: str | None = Field(description="The root that took its place.")


class RootDetail(RootItem):
    """A certificate of the trust store, whole."""

    pem: str
    hashes: list["HashItem"] = Field(
        description="By what stations name it; empty if its issuer is not known."
    )


class HashItem(BaseModel):
    """A certificate by its hashes, as OCPP names it."""

    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class NewRoot(RequestBody):
    """A certificate to be trusted."""

    use: RootUse
    pem: str = Field(max_length=64_000, description="One certificate in PEM.")


class HeldItem(BaseModel):
    """A certificate that a station says it holds."""

    id: str = Field(description="Its name in addresses.")
    use: str
    hash: HashItem
    children: list[HashItem]
    fingerprint: str | None = Field(description="Of the root, if it is known here.")
    subject: str | None
    not_after: datetime | None
    wanted: bool | None = Field(description="Whether it should be there, if said.")


class IntentItem(BaseModel):
    """A root that a station should hold, or should not."""

    use: RootUse
    fingerprint: str
    present: bool
    stage: str
    detail: str
    by: str
    updated_at: datetime


class DriftItem(BaseModel):
    """A difference between what a station should hold and what it says."""

    kind: str = Field(description="`missing`, `lingering` or `expired`.")
    use: str
    fingerprint: str
    subject: str


class StationCertificatesItem(BaseModel):
    """Everything about the certificates of one station."""

    station: str
    reported_at: datetime | None = Field(description="None if it was never asked.")
    entries: int | None = Field(description="How many it says it holds.")
    most: int | None = Field(description="How many it can hold.")
    held: list[HeldItem]
    intents: list[IntentItem]
    drift: list[DriftItem]


class Install(RequestBody):
    """A root of the trust store, for a station."""

    use: RootUse
    fingerprint: str = Field(max_length=64)


class OutcomeItem(BaseModel):
    """What came of asking a station."""

    done: bool
    status: str = Field(
        description="The station's word; `NoAnswer` (504) or `CallError` (502)."
    )
    info: str
    verified: bool | None = Field(
        description="Whether its own report shows the change; none if it is silent."
    )


class NewRotation(RequestBody):
    """A change of one root for the next."""

    use: RootUse
    old: str = Field(max_length=64, description="Fingerprint of the one that goes.")
    new: str = Field(max_length=64, description="Fingerprint of the one that comes.")
    stations: list[str] | None = Field(
        None, description="Where; every station that is not rejected without them."
    )


class Switch(RequestBody):
    """This system presents itself under the new root from now on."""

    leave_out: list[str] = Field(
        default_factory=list, description="Stations to go on without."
    )


class Retry(RequestBody):
    """A station that is to be tried again."""

    station: str


class MemberItem(BaseModel):
    """One station in a change of roots."""

    station: str
    stage: MemberStage
    attempts: int
    due_at: datetime
    detail: str


class RotationItem(BaseModel):
    """A change of one root for the next."""

    id: int
    use: RootUse
    old: str
    new: str
    stage: RotationStage
    by: str
    started_at: datetime
    updated_at: datetime
    switched_at: datetime | None
    counts: dict[MemberStage, int]
    members: list[MemberItem]


def root_item(root: TrustedRoot, now: datetime) -> RootItem:
    """Return a certificate of the trust store."""
    facts = root.facts
    return RootItem(
        use=root.use,
        fingerprint=facts.fingerprint,
        subject=facts.subject,
        issuer=facts.issuer,
        serial=facts.serial,
        not_before=facts.not_before,
        not_after=facts.not_after,
        days_left=(facts.not_after - now).days,
        key=facts.key,
        self_signed=facts.self_signed,
        added_by=root.added_by,
        added_at=root.added_at,
        replaced_by=root.replaced_by,
    )


def root_detail(node: Node, root: TrustedRoot) -> RootDetail:
    """Return a certificate of the trust store, whole."""
    return RootDetail(
        **root_item(root, node.clock.now()).model_dump(),
        pem=root.facts.pem,
        hashes=[hash_item(each) for each in node.certificates.trust.hashes(root)],
    )


def hash_item(said: CertificateHash) -> HashItem:
    """Return a certificate by its hashes."""
    return HashItem(
        hash_algorithm=said.digest.value,
        issuer_name_hash=said.issuer_name,
        issuer_key_hash=said.issuer_key,
        serial_number=said.serial,
    )


def held_item(held: HeldCertificate) -> HeldItem:
    """Return a certificate that a station says it holds."""
    root = held.root
    return HeldItem(
        id=held.installed.key,
        use=held.installed.use,
        hash=hash_item(held.installed.hash),
        children=[hash_item(each) for each in held.installed.children],
        fingerprint=root.fingerprint if root else None,
        subject=root.facts.subject if root else None,
        not_after=root.facts.not_after if root else None,
        wanted=held.wanted,
    )


def overview_item(found: CertificateOverview) -> StationCertificatesItem:
    """Return everything about the certificates of one station."""
    return StationCertificatesItem(
        station=found.station,
        reported_at=found.reported_at,
        entries=found.entries,
        most=found.most,
        held=[held_item(each) for each in found.held],
        intents=[_intent(each) for each in found.intents],
        drift=[_drift(each) for each in found.drift],
    )


def _intent(intent: CertificateIntent) -> IntentItem:
    return IntentItem(
        use=intent.use,
        fingerprint=intent.fingerprint,
        present=intent.present,
        stage=intent.stage.value,
        detail=intent.detail,
        by=intent.by,
        updated_at=intent.updated_at,
    )


def _drift(drift: Drift) -> DriftItem:
    return DriftItem(
        kind=drift.kind,
        use=drift.use,
        fingerprint=drift.fingerprint,
        subject=drift.subject,
    )


def outcome_item(outcome: Outcome) -> OutcomeItem:
    """Return what came of asking a station."""
    return OutcomeItem(
        done=outcome.done,
        status=outcome.status,
        info=outcome.info,
        verified=outcome.verified,
    )


def rotation_item(rotation: Rotation) -> RotationItem:
    """Return a change of one root for the next."""
    counts = dict.fromkeys(MemberStage, 0)
    for each in rotation.members:
        counts[each.stage] += 1
    return RotationItem(
        id=rotation.id,
        use=rotation.use,
        old=rotation.old,
        new=rotation.new,
        stage=rotation.stage,
        by=rotation.by,
        started_at=rotation.started_at,
        updated_at=rotation.updated_at,
        switched_at=rotation.switched_at,
        counts={stage: count for stage, count in counts.items() if count},
        members=[
            MemberItem(
                station=each.station,
                stage=each.stage,
                attempts=each.attempts,
                due_at=each.due_at,
                detail=each.detail,
            )
            for each in rotation.members
        ],
    )

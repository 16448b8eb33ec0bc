"""Which certificates may go to a station, and which may leave it."""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.clock import Clock
from csms.domain.certificate import Installed, RootUse, TrustedRoot, flaw_of
from csms.domain.errors import Broken, Conflict, NotAllowed, NotFound
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, EDITION_201, Variable
from csms.services.ports.certificate_store import Holding
from csms.services.ports.certificates import Certificates, ServingRoots
from csms.services.ports.work import Begin
from csms.services.roots import TrustStore, UnfitRoot

LONGEST_PEM = {EDITION_201: 5500, EDITION_21: 10_000}
"""Characters that the schema of InstallCertificate takes."""


class NotInEdition(Broken):
    """The station's edition of OCPP has no such root."""

    code = "not-in-edition"


class CertificateTooLong(Broken):
    """The certificate is longer than the station's edition of OCPP takes."""

    code = "certificate-too-long"


class StationFull(Conflict):
    """The station holds as many certificates as it can (M05.FR.06)."""

    code = "certificates-full"


class NoSuccessor(NotAllowed):
    """The station takes a root only from the one before it (M05.FR.10, M05.FR.11)."""

    code = "no-successor"


class NotInstalled(NotFound):
    """The station does not say that it holds such a certificate."""

    code = "not-installed"
    usual_remedy = "see csms roots installed"


class LastRoot(NotAllowed):
    """Without this root the station could not reach us any more."""

    code = "last-root"


@dataclass(frozen=True, slots=True)
class CertificateRules:
    """Decides what may be sent to stations; it asks none.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        trust: The trust store.
        certificates: Reads certificates.
        serving: Knows under which roots we present ourselves.
    """

    clock: Clock
    begin: Begin
    trust: TrustStore
    certificates: Certificates
    serving: ServingRoots

    async def check_install(
        self, station: StationId, edition: str, use: RootUse, pem: str
    ) -> None:
        """Check that a certificate can serve as a root of a station.

        Raises:
            UnreadableCertificate: If it is not one certificate in PEM.
            UnfitRoot: If it cannot serve as a root of this use now.
            NotInEdition: If the station's edition has no such root.
            CertificateTooLong: If the station's edition cannot carry it.
            StationFull: If the station can hold no more.
            NoSuccessor: If the station takes it only from the root before it.
        """
        facts = self.certificates.read(pem)
        if (flaw := flaw_of(facts, use, self.clock.now())) is not None:
            raise UnfitRoot(facts, use, flaw)
        _check_edition(station, edition, use, pem)
        async with self.begin() as work:
            variables = await work.models.variables(station)
            holding = await work.certificates.holding(station)
        known = [self.trust.identify(each) for each in holding.certificates]
        held = [each for each in known if each is not None and each.use is use]
        if any(each.fingerprint == facts.fingerprint for each in held):
            return
        _check_room(station, holding, variables)
        if use is RootUse.CSMS and is_checked(variables):
            self._check_successor(station, pem, held)

    def check_last(
        self, station: StationId, gone: Installed, held: Sequence[Installed]
    ) -> None:
        """Keep the last root by which a station can reach us.

        Args:
            station: Which.
            gone: What is to be deleted.
            held: What it holds now, in its own words.

        Raises:
            LastRoot: If no other known, valid root of ours remains; or, where it is
                known under which roots we present ourselves, none of those.
        """
        if gone.use != RootUse.CSMS.value:
            return
        now, serving = self.clock.now(), self.serving.serving()
        goes = self.trust.identify(gone)
        for each in held:
            root = self.trust.identify(each) if each.use == gone.use else None
            if root is None or root == goes or not root.facts.valid_at(now):
                continue
            if serving is None or root.fingerprint in serving:
                return
        raise LastRoot(
            f"{station} would hold no valid root of ours that we are reached by",
            remedy="install another one first, and let the station show it",
        )

    def _check_successor(
        self, station: StationId, pem: str, held: Sequence[TrustedRoot]
    ) -> None:
        stored = [each for each in self.trust.roots if each.use is RootUse.CSMS]
        olds = held or stored
        if not any(self.certificates.issued_by(pem, each.facts.pem) for each in olds):
            raise NoSuccessor(
                f"{station} has AdditionalRootCertificateCheck: a new root must be "
                "signed by the one that it holds",
                field="fingerprint",
                remedy="have the new root signed by the old one",
            )


def entries(
    variables: Sequence[Variable],
) -> tuple[int | None, int | None]:
    """Return how many certificates a station says it holds, and how many it can.

    Args:
        variables: Its device model, in which CertificateEntries is looked up.
    """
    for each in variables:
        named = (each.key.component, each.key.variable, each.attribute)
        if named == ("SecurityCtrlr", "CertificateEntries", "Actual"):
            most = (each.characteristics or {}).get("maxLimit")
            count = each.value
            return (
                int(count) if count and count.isdecimal() else None,
                int(most) if isinstance(most, int | float) else None,
            )
    return None, None


def is_checked(variables: Sequence[Variable]) -> bool:
    """Tell whether a station takes roots of ours only from the one before."""
    return any(
        each.key.variable == "AdditionalRootCertificateCheck"
        and (each.value or "").lower() == "true"
        for each in variables
    )


def _check_edition(station: StationId, edition: str, use: RootUse, pem: str) -> None:
    if not use.installable or (use is RootUse.OEM and edition != EDITION_21):
        raise NotInEdition(
            f"{station} speaks {edition}, in which no {use} can be installed",
            field="use",
            remedy="only 2.1 has OEMRootCertificate; intermediates stay here",
        )
    if len(pem) > LONGEST_PEM[edition]:
        raise CertificateTooLong(
            f"{len(pem)} characters; {edition} takes {LONGEST_PEM[edition]}",
            field="pem",
            remedy="ask its owner for a smaller one, such as with an EC key",
        )


def _check_room(
    station: StationId, holding: Holding, variables: Sequence[Variable]
) -> None:
    """Count by the station's last report, or by its device model before the first."""
    count, most = entries(variables)
    if holding.reported_at is not None:
        count = sum(1 + len(each.children) for each in holding.certificates)
    if count is not None and most is not None and count >= most:
        raise StationFull(
            f"{station} holds {count} certificates and can hold {most} "
            "(SecurityCtrlr.CertificateEntries)",
            remedy="delete one that it does not need",
        )

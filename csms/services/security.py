"""Everything about security that edges may use, in one place."""

from dataclasses import dataclass

from csms.services.certifying import Certifying
from csms.services.denials import DenialTrail
from csms.services.identities import Identities
from csms.services.renewal import Renewal
from csms.services.rotation import PasswordRotations
from csms.services.security_events import SecurityEvents
from csms.services.security_remedies import SecurityRemedies
from csms.services.signing import Signing
from csms.services.upgrading import Upgrades


@dataclass(frozen=True, slots=True)
class SecurityDesk:
    """The services of block A.

    Attributes:
        identities: Judges stations at the door.
        passwords: Changes their passwords.
        upgrades: Brings them to higher security profiles.
        signing: Brings their requests to an authority.
        renewal: Has them renew their certificates.
        certificates: Issues, revokes and renews.
        events: Keeps security events.
        remedies: Mends what stations complain of.
        denials: Takes note of what was not allowed.
    """

    identities: Identities
    passwords: PasswordRotations
    upgrades: Upgrades
    signing: Signing
    renewal: Renewal
    certificates: Certifying
    events: SecurityEvents
    remedies: SecurityRemedies
    denials: DenialTrail

"""Extract ids from the specification's texts: requirements, use cases, test cases.

Not run by any test: ``python -m tests.conformance.extracting SPECIFICATION`` writes
``requirements.toml`` and ``test_cases.toml`` beside this module from a folder that
holds the Markdown of OCPP 2.0.1 edition 3 (``ocpp2/``) and of OCPP 2.1 (``ocpp21/``).
Ids only: not a sentence of the specification is kept.

Whom a requirement concerns is read from its grammar: the last party named before each
"SHALL", "SHOULD", "MAY". Where the subject is a message or one of its fields, whoever
sends the message is concerned. What grammar does not tell is decided by hand below.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

from typing_extensions import override

from csms.ocpp.messages.catalog import MODELED
from csms.ocpp.wire import FROM_STATION

HERE = Path(__file__).parent
EDITIONS = {"2.0.1": "ocpp2", "2.1": "ocpp21"}
_ID = re.compile(r"([A-S01]\d\d\.FR\.\s?\d+[a-z]?)\s*\.?(\(2\.1\))?")
_CASE = re.compile(r"TC_[A-S]_\d+_CSMS")
_MODAL = re.compile(
    r"\b(SHALL|MUST|SHOULD|MAY|REQUIRED|RECOMMENDED|OPTIONAL|CAN|CANNOT|will)\b"
)
_PLAIN = re.compile(
    r"\bCSMS (responds|sends|starts|validates|calculates|accepts|uses)\b"
)
_CLAUSE = re.compile(
    r"(?<=[.;:])\s+|\bAND\b(?=\s+(?:the )?(?:CSMS|Charging Station))|\bOR\b"
    r"|, (?=(?:the )?(?:CSMS|Charging Station)\b)|(?<=[a-z.)])(?=The )",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"\b(to|with|in|at|for|of|on|towards|between|against|into)\s+(the\s+|a\s+)?"
    r"(CSMS|Charging Station|Local Controller|EVSE|EV\b)[\w' ]{0,2}"
)
_PARTY = re.compile(
    r"\b(CSMS|CSO|Charging Station Operator|Charging ?Stations?|Local Controller"
    r"|Charge Point|EVSEs?|EV Driver|EV|External System|manufacturer|[Cc]onnectors?)\b"
    r"(?!')",
    re.IGNORECASE,
)
_BOTH = re.compile(r"(charging station (and|or) csms|csms (and|or) charging station)\b")
_MESSAGE = re.compile(r"\b([A-Z]\w+?)(Request|Response)\b")
_PROFILE = re.compile(
    r"ChargingProfile|ChargingSchedule|TxProfile|chargingSchedule|startSchedule"
    r"|startPeriod|charging profile"
)
_REMOVED = re.compile("requirement removed", re.IGNORECASE)
_TYPOS = {"B09.FR.034": "B09.FR.34"}
_LETTERS = {"0": "O", "1": "I"}
"""Letters that were read as digits when the texts were made from pages."""

_SENDER = {
    each.name: "station" if FROM_STATION in each.direction else "csms"
    for each in MODELED
    if each.name != "DataTransfer"
}
_SENDER["Transaction"] = _SENDER["Authorization"] = "station"

BY_HAND = {
    "both": """
    A00.FR.001 A00.FR.004 A00.FR.312 A00.FR.314 A00.FR.317 A00.FR.320 A00.FR.321
    A00.FR.415 A00.FR.417 A00.FR.420 A00.FR.423 A00.FR.424 A00.FR.501 A00.FR.502
    A00.FR.503 A00.FR.504 A00.FR.506 A00.FR.507 A00.FR.508 A00.FR.509 A00.FR.512
    A00.FR.514 B02.FR.01 B02.FR.06 B09.FR.07 C01.FR.10 C01.FR.11 C01.FR.12 C01.FR.17
    C01.FR.25 C04.FR.04 C04.FR.05 C04.FR.06 C05.FR.04 C09.FR.03 C12.FR.09 C16.FR.03
    E16.FR.17 F01.FR.03 F02.FR.11 N01.FR.14 D01.FR.06
    """,
    "csms": """
    A00.FR.404 A00.FR.406 A00.FR.408 A00.FR.505 A00.FR.701 A00.FR.704 A01.FR.06
    A01.FR.07 A01.FR.08 A01.FR.09 A02.FR.01 A02.FR.04 A02.FR.14 A03.FR.01 A03.FR.04
    A03.FR.14 B02.FR.03 B10.FR.05 C01.FR.07 C06.FR.04 C07.FR.04 C09.FR.02 C09.FR.10
    C09.FR.13 D01.FR.01 D01.FR.03 D01.FR.11 D01.FR.18 I07.FR.17 I07.FR.18 K01.FR.38
    K01.FR.34 K04.FR.03 K05.FR.02 K15.FR.05 K15.FR.16 K17.FR.05 K18.FR.05 K18.FR.16
    K19.FR.05 K19.FR.12 K20.FR.03 L01.FR.08 L01.FR.09 L02.FR.05 L03.FR.02 M06.FR.09
    N01.FR.18 N02.FR.07 N04.FR.09 N04.FR.17 N09.FR.01 P01.FR.02 P01.FR.03 P01.FR.04
    P01.FR.07 P02.FR.06 P02.FR.07 P02.FR.08 Q08.FR.01 Q08.FR.02 Q08.FR.05 Q10.FR.01
    F01.FR.09 F01.FR.11 F02.FR.17 F02.FR.19 C18.FR.09 G02.FR.03 E05.FR.01 K01.FR.16
    B08.FR.06 O01.FR.17 O02.FR.12
    """,
    "station": """
    A01.FR.01 A00.FR.204 A00.FR.205 A00.FR.303 A00.FR.304 A00.FR.511 A01.FR.10
    A02.FR.21 A04.FR.02 B01.FR.07 B01.FR.13 C01.FR.13 C05.FR.03 C05.FR.05 C07.FR.02
    F06.FR.03 F06.FR.09 G02.FR.05 G02.FR.06 G02.FR.07 K01.FR.12 K01.FR.17 K01.FR.21
    K01.FR.27 K01.FR.70 K01.FR.71 K01.FR.91 K01.FR.94 K01.FR.97 K02.FR.04 K02.FR.05
    K02.FR.06 K03.FR.02 K03.FR.07 K04.FR.04 K08.FR.04 K20.FR.04 L01.FR.04 L01.FR.20
    L02.FR.14 M05.FR.09 M05.FR.10 N01.FR.16 N09.FR.07 N10.FR.07 P01.FR.05 P01.FR.06
    P02.FR.01 P02.FR.03 P02.FR.04 P02.FR.05 Q06.FR.20 Q06.FR.21 Q06.FR.22 R04.FR.41
    R04.FR.43 D01.FR.05 D01.FR.13 K11.FR.03 K12.FR.01 K12.FR.03 K14.FR.01 K27.FR.04
    B09.FR.26 B09.FR.27 K03.FR.05 N01.FR.04 N02.FR.04
    """,
    "operator": """
    A00.FR.601 A00.FR.602 A00.FR.604 A00.FR.801 A00.FR.802 A00.FR.803 A00.FR.804
    A00.FR.805 A00.FR.201 A00.FR.206 A00.FR.513 A00.FR.603 A00.FR.703
    """,
}
"""What grammar does not tell, or tells wrongly.

"operator": organisations are meant, and no software: they concern nobody's tests.
"""

_DECIDED = {each: actor for actor, ids in BY_HAND.items() for each in ids.split()}


class _Tables(HTMLParser):
    """Reads every row of every table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self._row = []
        elif tag in ("td", "th"):
            self._cell = []
        elif tag in ("br", "li", "p") and self._cell is not None:
            self._cell.append(" ")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "tr" and self._row is not None:
            self.rows.append(self._row)
            self._row = None

    @override
    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def _rows(path: Path) -> list[list[str]]:
    tables = _Tables()
    tables.feed(path.read_text())
    return tables.rows


def _defined(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each requirement's id and the cells behind it, old wordings left out."""
    for row in _rows(path):
        for place, cell in enumerate(row[:2]):
            found = _ID.fullmatch(cell)
            if found is None or len(row) <= place + 1:
                continue
            if place == 0 or not row[0].casefold().startswith("old"):
                yield _spelled(found[1]), row[place + 1 :]
            break


def _spelled(identity: str) -> str:
    said = identity.replace(" ", "")
    said = _LETTERS.get(said[0], said[0]) + said[1:]
    return _TYPOS.get(said, said)


def requirements(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Return what each requirement says, by id and edition."""
    found: dict[str, dict[str, str]] = {}
    for edition, name in EDITIONS.items():
        texts: dict[str, str] = {}
        for kind in ("*part2_specification.md", "*errata*.md"):
            for path in sorted((folder / name).glob(kind)):
                for identity, cells in _defined(path):
                    texts[identity] = cells[1] if len(cells) > 1 else cells[0]
        for identity, text in texts.items():
            if not _REMOVED.search(text):
                found.setdefault(identity, {})[edition] = text
    return found


def actor(identity: str, texts: Mapping[str, str]) -> str:
    """Return whom a requirement concerns."""
    if (decided := _DECIDED.get(identity)) is not None:
        return decided
    parties = {party for text in texts.values() for party in _parties(text)}
    if parties in ({"csms"}, {"station"}):
        return parties.pop()
    return "both" if parties else "station"


def _parties(text: str) -> set[str]:
    if _PLAIN.search(text):
        return {"csms"}
    found = {
        party
        for clause in _CLAUSE.split(text)
        if clause and (modal := _MODAL.search(clause)) is not None
        for party in _subject(clause[: modal.start()])
    }
    return found or {"station"}


def _subject(words: str) -> set[str]:
    if _BOTH.search(words.casefold()):
        return {"csms", "station"}
    named = [each[1].casefold() for each in _PARTY.finditer(_OBJECT.sub("", words))]
    if named:
        ours = {"csms", "cso", "charging station operator"}
        return {"csms" if named[-1] in ours else "station"}
    if (message := _MESSAGE.search(words)) is not None:
        sender = _SENDER.get(message[1])
        if sender is not None:
            return {sender if message[2] == "Request" else _other(sender)}
    return {"csms"} if _PROFILE.search(words) else set()


def _other(party: str) -> str:
    return "station" if party == "csms" else "csms"


def test_cases(folder: Path) -> Mapping[str, tuple[list[str], list[str]]]:
    """Return use cases and actions of each test case of Part 6 that tests a CSMS."""
    path = next((folder / "ocpp2").glob("*part6*.md"))
    names = {each.name for each in MODELED}
    found: dict[str, tuple[list[str], list[str]]] = {}
    for table in re.findall(r"<table>.*?</table>", path.read_text(), re.DOTALL):
        case = re.search(r"Test case Id</td><td[^>]*>\s*(TC_\w+)", table)
        name = case[1].replace("TC_0_", "TC_O_") if case else ""
        if not _CASE.fullmatch(name):
            continue
        row = re.search(r"Use case Id\(s\)</td><td[^>]*>(.*?)</td>", table)
        cases = re.findall(r"\b[A-S0]\d\d\b", row[1] if row else "")
        cases = [re.sub("^0", "O", each) for each in cases]
        said = {each[0] for each in _MESSAGE.findall(table)}
        known = {each.casefold(): each for each in names}
        used = {known[each.casefold()] for each in said if each.casefold() in known}
        found[name] = sorted(set(cases)), sorted(used)
    return found


def main() -> None:
    """Write both files."""
    folder = Path(sys.argv[1])
    lines = [
        "# Ids of the requirements of OCPP Part 2, and whom each concerns.",
        "# Written by `python -m tests.conformance.extracting`; no need to edit.",
        "requirements = [",
    ]
    for identity, texts in sorted(requirements(folder).items(), key=_by_number):
        editions = ", ".join(f'"{each}"' for each in EDITIONS if each in texts)
        lines.append(
            f'  {{ id = "{identity}", use_case = "{identity[:3]}", '
            f'editions = [{editions}], actor = "{actor(identity, texts)}" }},'
        )
    (HERE / "requirements.toml").write_text("\n".join([*lines, "]", ""]))
    lines = [
        "# Ids of the test cases of OCPP 2.0.1 Part 6 that test a CSMS.",
        "# Written by `python -m tests.conformance.extracting`; no need to edit.",
        "test_cases = [",
    ]
    for identity, (cases, actions) in sorted(test_cases(folder).items()):
        lines.append(
            f'  {{ id = "{identity}", use_cases = {_listed(cases)}, '
            f"actions = {_listed(actions)} }},"
        )
    (HERE / "test_cases.toml").write_text("\n".join([*lines, "]", ""]))


def _listed(words: list[str]) -> str:
    return "[" + ", ".join(f'"{each}"' for each in words) + "]"


def _by_number(entry: tuple[str, object]) -> tuple[str, int, str]:
    case, _, number = entry[0].partition(".FR.")
    return case, int(re.sub(r"\D", "", number)), number


if __name__ == "__main__":
    main()

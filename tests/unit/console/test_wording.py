import re
from pathlib import Path

from csms.console.wording import meaning, meanings

OCPP = Path(__file__).parents[3] / "csms/ocpp"
KINDS = re.compile(r'(?:return|kind =|_note\()\s*"([a-z]+-[a-z0-9.-]+)"')


def test_every_mend_is_told_to_people() -> None:
    sources = [(OCPP / f"{name}.py").read_text() for name in ("tolerance", "mending")]
    kinds = {kind for source in sources for kind in KINDS.findall(source)}

    assert len(kinds) > 15
    assert kinds - meanings().keys() == set()


def test_a_sentence_says_what_is_seen_and_what_is_done() -> None:
    assert all(said.count(".") >= 2 for said in meanings().values())
    assert meaning("no-zone").endswith("They are read as UTC.")
    assert meaning("never-heard-of") == ""

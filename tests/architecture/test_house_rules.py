import ast
import re
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 600
"""A table of cases is read row by row, so that a test module may be longer."""

LONG_BY_NATURE = {
    "csms/db/tables.py": "every table, in one place",
    "csms/settings.py": "every setting, in one place",
}
UNFINISHED = re.compile(
    r"\b(TO[D]O|FIX[M]E|X{3}|NotImplemented[E]rror|pragma: no[ ]cover)\b"
)


def modules(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


PRODUCT = modules("csms", "simulators")
EVERYTHING = modules("csms", "simulators", "tests", "migrations")


@cache
def vendor_names() -> frozenset[str]:
    listed = (Path(__file__).parent / "vendors.txt").read_text().splitlines()
    names = {line for line in listed if line and not line.startswith("#")}
    for folder in ("csms", "simulators"):
        for path in (ROOT / folder).rglob("*.toml"):
            name = tomllib.loads(path.read_text()).get("vendor")
            if isinstance(name, str) and "example" not in name.casefold():
                names.add(name.casefold())
    return frozenset(names)


def named_vendors(source: str) -> set[str]:
    folded = source.casefold()
    return {
        name
        for name in vendor_names()
        if name in folded
        and re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z])", folded)
    }


def test_no_vendor_is_named_in_code() -> None:
    named = {
        module: names
        for module in EVERYTHING
        if (names := named_vendors(f"{module}\n{(ROOT / module).read_text()}"))
    }
    assert named == {}


def test_a_vendor_in_code_would_be_found() -> None:
    name = min(vendor_names())

    assert named_vendors(f"if station.vendor == '{name.upper()}':") == {name}
    assert named_vendors(f"x{name}x") == set()


def longest(module: str) -> int:
    return LONGEST_TEST_MODULE if module.startswith("tests/") else LONGEST_MODULE


def test_a_module_fits_in_one_reading() -> None:
    lengths = {
        module: len((ROOT / module).read_text().splitlines())
        for module in EVERYTHING
        if module not in LONG_BY_NATURE
        and not module.startswith("migrations/versions/")
    }
    assert {m: n for m, n in lengths.items() if n > longest(m)} == {}


def test_a_module_says_in_a_sentence_what_it_is_for() -> None:
    silent = []
    for module in PRODUCT:
        docstring = ast.get_docstring(ast.parse((ROOT / module).read_text())) or ""
        if not docstring.partition("\n\n")[0].endswith((".", ":", "?")):
            silent.append(module)
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    unfinished = {
        module: found[0]
        for module in EVERYTHING
        if (found := UNFINISHED.search((ROOT / module).read_text()))
    }
    assert unfinished == {}


def test_the_unit_tests_mirror_the_code() -> None:
    strays = []
    for module in modules("tests/unit"):
        place = Path(module).relative_to("tests/unit")
        if place.parts[0] == "simulators":
            folder = ROOT / place.parent
        elif place.parts[0] == "fakes":
            folder = ROOT / "tests" / place.parent
        else:
            folder = ROOT / "csms" / place.parent
        if not folder.is_dir():
            strays.append(module)
    assert strays == []


def test_test_modules_have_names_that_pytest_finds() -> None:
    unfound = [
        module
        for module in modules("tests/unit", "tests/postgres", "tests/architecture")
        if re.search(r"^(async )?def test_", (ROOT / module).read_text(), re.MULTILINE)
        and not Path(module).name.startswith("test_")
    ]
    assert unfound == []

"""The file of what became of the mutants: what the conformance page is made from."""

import json
from functools import cache
from typing import Any

from tests.conformance.mutants.mutating import ROOT, Source

FILE = ROOT / "csms" / "conformance" / "mutation.json"

Json = dict[str, Any]

UNJUDGED: Json = {"handlers": {}, "proofs": {"all": 0, "green": [], "untried": 0}}


def exists(module: str, function: str) -> bool:
    """Tell whether there is such a function."""
    return (ROOT / module).exists() and function in _source(module).functions


def is_fresh(module: str, function: str, told: Json) -> bool:
    """Tell whether a function still is as it was judged."""
    return exists(module, function) and (
        _source(module).digest(function) == told["made"]
    )


@cache
def _source(module: str) -> Source:
    return Source(module)


def load() -> Json:
    """Return what was judged last: functions by module, and the proofs."""
    found: Json = json.loads(FILE.read_text()) if FILE.exists() else UNJUDGED
    return found


def save(found: Json) -> None:
    """Write it, a line for each function."""
    modules = [
        f"  {json.dumps(module)}: {{\n"
        + ",\n".join(
            f"   {json.dumps(name)}: {json.dumps(told)}"
            for name, told in functions.items()
        )
        + "\n  }"
        for module, functions in found["handlers"].items()
    ]
    handlers = ",\n".join(modules)
    proofs = json.dumps(found["proofs"], indent=1).replace("\n", "\n ")
    FILE.write_text(f'{{\n "handlers": {{\n{handlers}\n }},\n "proofs": {proofs}\n}}\n')


def summed(found: Json) -> Json:
    """Return the figures for the page: killed and all of each module, and of proofs."""
    proofs = found["proofs"]
    return {
        "modules": [
            {
                "module": module,
                "killed": sum(each["killed"] for each in functions.values()),
                "all": sum(
                    each["killed"] + len(each["survived"])
                    for each in functions.values()
                ),
            }
            for module, functions in found["handlers"].items()
        ],
        "proofs": {
            "seen_red": proofs["all"] - len(proofs["green"]) - proofs["untried"],
            "all": proofs["all"],
            "untried": proofs["untried"],
        },
    }

"""Judge raw frames by the official schemas, without any model of the product."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

FOLDERS = {"ocpp2.0.1": "v201", "ocpp2.1": "v21"}


def check(protocol: str, message: str, payload: dict[str, Any]) -> None:
    """Raise if the payload is not what the schema of its edition allows."""
    _validator(FOLDERS[protocol], message).validate(payload)


@cache
def _validator(folder: str, message: str) -> jsonschema.Draft6Validator:
    path = files("ocpp") / folder / "schemas" / f"{message}.json"
    return jsonschema.Draft6Validator(json.loads(path.read_text("utf-8-sig")))

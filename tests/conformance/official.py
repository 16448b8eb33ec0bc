"""The official schemas, found where their package keeps them, and how to use them."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from csms.ocpp.messages.catalog import MODELED
from csms.ocpp.wire import Action, AnyAction, Edition, Wire

Schema = dict[str, Any]

FOLDERS = {Edition.V201: "v201", Edition.V21: "v21"}
ACTIONS: dict[str, AnyAction] = {action.name: action for action in MODELED}
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(_INSTANT.fullmatch(value))


def file_names(edition: Edition) -> set[str]:
    folder = files("ocpp") / FOLDERS[edition] / "schemas"
    return {
        entry.name.removesuffix(".json")
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    }


def action_names(edition: Edition) -> set[str]:
    return {re.sub("(Request|Response)$", "", name) for name in file_names(edition)}


@cache
def schema(edition: Edition, message: str) -> Schema:
    path = files("ocpp") / FOLDERS[edition] / "schemas" / f"{message}.json"
    loaded: Schema = json.loads(path.read_text("utf-8-sig"))
    return loaded


def validator(root: Schema) -> jsonschema.Draft6Validator:
    return jsonschema.Draft6Validator(root, format_checker=_FORMATS)


def models(action: AnyAction) -> dict[str, type[Wire]]:
    """The models of an action, by the names that their schemas should have."""
    if isinstance(action, Action):
        names = f"{action.name}Request", f"{action.name}Response"
        return dict(zip(names, (action.request, action.response), strict=True))
    return {action.name: action.request}


def messages(edition: Edition) -> dict[str, tuple[AnyAction, type[Wire]]]:
    """Every message of the edition that has a model, by the name of its schema."""
    return {
        name: (action, model)
        for action in ACTIONS.values()
        if edition in action.editions
        for name, model in models(action).items()
    }


@cache
def types(edition: Edition) -> dict[str, tuple[Schema, type[Wire]]]:
    """Every object type that the modeled messages are made of, and its model.

    The schema of a type carries the definitions it refers to, so that it can stand
    alone.
    """
    known = _known()
    found: dict[str, tuple[Schema, type[Wire]]] = {}
    for name in messages(edition):
        root = schema(edition, name)
        found[name] = root, known[name]
        for key, part in root.get("definitions", {}).items():
            if "properties" in part and key != "CustomDataType":
                plain = key.removesuffix("Type")
                found[plain] = (
                    {**part, "definitions": root["definitions"]},
                    known[plain],
                )
    return found


def words(edition: Edition) -> dict[str, list[str]]:
    """Every enumeration in the modeled messages, by the name of its definition."""
    return {
        key: part["enum"]
        for name in messages(edition)
        for key, part in schema(edition, name).get("definitions", {}).items()
        if "enum" in part
    }


def resolved(root: Schema, part: Schema) -> Schema:
    if "$ref" not in part:
        return part
    target: Schema = root["definitions"][part["$ref"].rpartition("/")[2]]
    return target


def _known() -> dict[str, type[Wire]]:
    return {model.__name__: model for model in Wire.__subclasses__()}

"""Bad input to every route that changes something: refused, explained, nothing changed.

What is sent is made from the description that the API gives of itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from typing_extensions import override

from csms.db.engine import connect_raw
from tests.http.nodes import Stage

pytestmark = pytest.mark.postgres

Schema = Mapping[str, Any]

ODD: Schema = {"odd": []}
"""A value that no field takes, but one that takes anything."""

PLACES = {"station": "MA-HOME-01"}
NOWHERE = {"station": "NOBODY", "rule": "No such name", "name": "nobody"}
"""What stands in paths, where 1 and a number that is far too high do not."""

REFUSALS = {404, 409, 422, 504}
"""Also 504: whether it has such a thing is the station's to say, and it is away."""

TEXTS = {"date-time": "2026-07-14T18:00:00Z", "date": "2026-07-14", "time": "12:00"}


@dataclass(frozen=True)
class Operation:
    """One thing that the API does, as it describes it."""

    method: str
    path: str
    said: Schema
    schemas: Schema

    @override
    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def places(self) -> list[str]:
        given = self.said.get("parameters", ())
        return [each["name"] for each in given if each["in"] == "path"]

    @property
    def body(self) -> Schema:
        """The schema of its body; one without properties if it takes no such body."""
        content = self.said.get("requestBody", {}).get("content", {})
        return self.resolved(content.get("application/json", {}).get("schema", {}))

    def url(self, **places: str) -> str:
        return self.path.format(**{e: PLACES.get(e, "1") for e in self.places} | places)

    def nowhere(self) -> Iterator[str]:
        """Give addresses in which one place, or one filter, makes no sense."""
        for place in self.places:
            yield self.url(**{place: NOWHERE.get(place, "99999999999999999999")})
            yield self.url(**{place: "%00"})
        for each in self.said.get("parameters", ()):
            if each["in"] == "query" and each["schema"].get("type") != "boolean":
                yield f"{self.url()}?{each['name']}=%00"

    def resolved(self, schema: Schema) -> Schema:
        """Return a schema without references and without the way to say nothing."""
        if "$ref" in schema:
            return self.resolved(self.schemas[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            said = (each for each in schema["anyOf"] if each.get("type") != "null")
            return self.resolved(next(said))
        return schema

    def example(self, schema: Schema) -> Any:  # noqa: ANN401, whatever JSON it takes
        """Return something that has the shape of a schema."""
        schema = self.resolved(schema)
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                fields = schema.get("properties", {})
                wanted = schema.get("required", ())
                return {name: self.example(fields[name]) for name in wanted}
            case "array":
                return [self.example(schema["items"])] * schema.get("minItems", 1)
            case "boolean":
                return True
            case "integer" | "number":
                return max(1, schema.get("minimum", 1))
            case _:
                text = "x" * max(4, schema.get("minLength", 1))
                return TEXTS.get(schema.get("format", ""), text)

    def broken(self) -> Iterator[tuple[str, Any]]:
        """Give bodies in which one field is wrong, and name the field."""
        schema = self.body
        if "properties" not in schema:
            return
        whole = self.example(schema)
        yield "", []
        yield "unheard_of", whole | {"unheard_of": 1}
        for name in schema.get("required", ()):
            yield name, {key: said for key, said in whole.items() if key != name}
        for name, of in schema["properties"].items():
            kind = self.resolved(of)
            if kind.keys() & {"type", "enum", "const", "oneOf"}:
                odd = "odd" if kind.get("type") == "object" else ODD
                yield name, whole | {name: odd}


@pytest.fixture
async def operations(admin: httpx.AsyncClient) -> list[Operation]:
    said = (await admin.get("/openapi.json")).json()
    return [
        Operation(method.upper(), path, operation, said["components"]["schemas"])
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
        if method != "get"
    ]


async def everything(database: str) -> dict[str, int]:
    """Return how many rows each table has; each change leaves one of audit."""
    connection = await connect_raw(database)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        counts = (f"SELECT '{name}', count(*) FROM {name}" for (name,) in tables)  # noqa: S608, our own names
        found = await connection.fetch(" UNION ALL ".join(counts))
        return {name: int(rows) for name, rows in found}
    finally:
        await connection.close()


def explained(answer: httpx.Response, field: str) -> bool:
    """Tell whether a refusal says what is wrong, where, and what helps."""
    if answer.headers.get("content-type") != "application/problem+json":
        return False
    said = answer.json()
    named = {said.get("field"), *(each["field"] for each in said.get("errors", ()))}
    here = not field or field in {(each or "").split(".")[0] for each in named}
    return bool(answer.status_code == 422 and said["remedy"] and here)


async def test_what_makes_no_sense_is_refused_by_its_name_with_a_remedy(
    peopled: Stage, admin: httpx.AsyncClient, operations: list[Operation], database: str
) -> None:
    before = await everything(database)
    asked = 0
    wrong: list[object] = []
    for each in operations:
        for field, body in each.broken():
            answer = await admin.request(each.method, each.url(), json=body)
            asked += 1
            if not explained(answer, field):
                wrong.append((str(each), field, answer.status_code, answer.text[:200]))

    assert wrong == []
    assert asked > 380
    assert await everything(database) == before

    for each in operations:
        body = each.example(each.body) if "properties" in each.body else None
        for url in each.nowhere():
            answer = await admin.request(each.method, url, json=body)
            if answer.status_code not in REFUSALS or not answer.json().get("remedy"):
                wrong.append((url, answer.status_code, answer.text[:200]))

    assert wrong == []
    assert peopled.links == {}

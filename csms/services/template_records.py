"""Reads the templates of desired variables that ship with the system."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from csms.charging.configuration import Fit
from csms.charging.templates import ANY, Desired, Template, conflicts
from csms.domain.errors import Broken
from csms.domain.secrecy import is_secret

Text = Annotated[str, Field(min_length=1, max_length=50)]
Patterns = Annotated[tuple[Text, ...], Field(min_length=1)]


class MalformedTemplate(Broken):
    """A template of desired variables cannot be read, or breaks a rule."""

    code = "malformed-template"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Variable(_Part):
    component: Text
    variable: Text
    instance: Annotated[str, Field(max_length=50)] = ""
    value: Annotated[str, Field(min_length=1, max_length=2500)]
    fit: Fit = Fit.EXACT
    required: bool = False
    why: Annotated[str, Field(min_length=1)]


class _Record(_Part):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    about: Annotated[str, Field(min_length=1)]
    editions: Annotated[
        tuple[Literal["ocpp2.0.1", "ocpp2.1"], ...], Field(min_length=1)
    ]
    vendor: Text | None = None
    models: Patterns = (ANY,)
    firmwares: Patterns = (ANY,)
    variable: Annotated[tuple[_Variable, ...], Field(min_length=1)]

    def template(self) -> Template:
        """Return the domain value."""
        return Template(
            id=self.id,
            about=self.about,
            editions=self.editions,
            desired=tuple(Desired(**each.model_dump()) for each in self.variable),
            vendors=(self.vendor or ANY,),
            models=self.models,
            firmwares=self.firmwares,
        )


def shipped_templates() -> tuple[Template, ...]:
    """Return the templates that ship with the system."""
    return load_templates(files("csms") / "templates")


def load_templates(folder: Traversable) -> tuple[Template, ...]:
    """Return every template of a folder, by id.

    Raises:
        MalformedTemplate: If a file cannot be read, or the templates contradict.
    """
    found = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            template = _record(file).template()
            for each in template.desired:
                if is_secret(each.variable):
                    raise MalformedTemplate(
                        f"{file.name}: {each.variable} is a secret, which no template "
                        "may hold"
                    )
            found.append(template)
    if flaws := list(conflicts(found)):
        raise MalformedTemplate("; ".join(flaws))
    return tuple(sorted(found, key=lambda each: each.id))


def _record(file: Traversable) -> _Record:
    try:
        return _Record.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise MalformedTemplate(f"{file.name}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise MalformedTemplate(f"{file.name}: {where}: {first['msg']}") from error

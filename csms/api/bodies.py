"""What the bodies of all requests have in common."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """The body of a request, or a part of it: a field that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid")

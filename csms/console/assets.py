"""The console's own scripts and styles, named by what is in them."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from fastapi import HTTPException
from fastapi.responses import Response

PREFIX = "/static"
FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Assets:
    """Files that never change under their address.

    Attributes:
        contents: Every file by name.
        build: A word that is another one as soon as any file is.
    """

    contents: Mapping[str, bytes]
    build: str

    @classmethod
    def load(cls) -> "Assets":
        """Read what lies beside this module."""
        folder = files("csms.console") / "static"
        contents = {
            each.name: each.read_bytes()
            for each in sorted(folder.iterdir(), key=lambda one: one.name)
            if each.is_file()
        }
        whole = hashlib.sha256()
        for name, content in contents.items():
            whole.update(name.encode() + b"\0" + content + b"\0")
        return cls(contents, whole.hexdigest()[:16])

    def address(self, name: str) -> str:
        """Return where a file is.

        Raises:
            KeyError: If there is none of this name.
        """
        if name not in self.contents:
            raise KeyError(name)
        return f"{PREFIX}/{self.build}/{name}"

    async def serve(self, build: str, name: str) -> Response:
        """Answer with a file; under an old build's name only for a short while."""
        content = self.contents.get(name)
        if content is None:
            raise HTTPException(404, f"there is no {name}")
        keep = FOREVER if build == self.build else "no-cache"
        kind = TYPES.get(name[name.rfind(".") :]) or mimetypes.guess_type(name)[0]
        return Response(
            content,
            media_type=kind or "application/octet-stream",
            headers={"Cache-Control": keep, "X-Content-Type-Options": "nosniff"},
        )

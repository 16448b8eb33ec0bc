"""A pool of contract certificates behind HTTP: opaque question in, opaque answers out.

The pool is asked by POST with a JSON object in the words of OCPP's
Get15118EVCertificateRequest, and answers with ``exiResponses``, a list in Base64, or
with one ``exiResponse``.
"""

import asyncio
import binascii
import ssl
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from csms.services.ports.certificates import ContractRequest, NoContracts

MOST_BYTES = 1_000_000
MOST_ANSWERS = 32
_OK, _NONE = 200, 404


@dataclass(frozen=True, slots=True)
class ContractPool:
    """Asks a pool: the port ``ContractProvisioning``.

    Attributes:
        url: Where.
        token: Sent as a bearer token; none sends none.
        patience_s: Real seconds that an answer may take; a vehicle waits for five.
    """

    url: str
    token: str | None = None
    patience_s: float = 4.0

    async def provide(self, request: ContractRequest) -> Sequence[str]:
        """Return the answers for the vehicle, in Base64, the first one first.

        Raises:
            NoContracts: If there is none.
        """
        try:
            async with asyncio.timeout(self.patience_s):
                return _read(await self._post(_body(request)))
        except TimeoutError as error:
            raise NoContracts(
                "PoolSilent", f"the pool did not answer in {self.patience_s:.1f} s"
            ) from error
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise NoContracts("PoolUnreachable", f"{type(error).__name__}") from error

    async def _post(self, body: dict[str, Any]) -> httpx.Response:
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with httpx.AsyncClient(
            headers=headers,
            timeout=None,  # noqa: S113 the caller has the clock
            trust_env=False,
            verify=self.url.startswith("https:"),
        ) as http:
            return await http.post(self.url, json=body)


def _body(request: ContractRequest) -> dict[str, Any]:
    said = {
        "iso15118SchemaVersion": request.schema,
        "action": request.action,
        "exiRequest": request.exi,
        "maximumContractCertificateChains": request.most,
        "prioritizedEMAIDs": list(request.prioritized) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _read(response: httpx.Response) -> Sequence[str]:
    if response.status_code == _NONE:
        raise NoContracts("NoContract", "the pool has no contract for the vehicle")
    if response.status_code != _OK:
        raise NoContracts("PoolRefused", f"the pool answered {response.status_code}")
    if len(response.content) > MOST_BYTES:
        raise NoContracts("PoolUnreadable", "the answer of the pool is too long")
    try:
        said = response.json()
    except ValueError as error:
        raise NoContracts("PoolUnreadable", "the answer is no JSON") from error
    if not isinstance(said, dict):
        raise NoContracts("PoolUnreadable", "the answer is no object")
    one = said.get("exiResponse")
    answers = said.get("exiResponses", [one] if one is not None else [])
    if not isinstance(answers, list) or len(answers) > MOST_ANSWERS:
        raise NoContracts("PoolUnreadable", "exiResponses is no list of answers")
    if not all(_is_base64(each) for each in answers):
        raise NoContracts("PoolUnreadable", "an answer is not in Base64")
    return answers


def _is_base64(value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    try:
        b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True

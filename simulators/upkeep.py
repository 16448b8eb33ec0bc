"""How a station looks after itself when asked: firmware, logs and certificates.

A firmware is not really fetched: its version is what its file is called. A log is
really uploaded, to where the CSMS said.
"""

import hashlib
import threading
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.cabinet import Payload
from simulators.chores import ACCEPTED, Command
from simulators.instants import iso
from simulators.safeguards import wear
from simulators.timeline import Act, restart

if TYPE_CHECKING:
    from simulators.station import Station

STEP_S = 60.0
REBOOT_S = 120.0
UPLOAD_S = 10.0


def _update(station: "Station", request: Payload) -> Payload:
    firmware, job = request["firmware"], request["requestId"]
    replaced = station.cabinet.firmware_job
    station.cabinet.firmware_job = job
    signed = "signature" in firmware
    steps = ["Downloading", "Downloaded"]
    steps += ["SignatureVerified"] if signed else []
    steps += ["Installing", "InstallRebooting"]
    for place, status in enumerate(steps, 1):
        at = station.t + place * STEP_S
        station.timeline.add(Act(at, _step(job, status, firmware["location"])))
    return {"status": "Accepted" if replaced is None else "AcceptedCanceled"}


def _step(job: int, status: str, location: str) -> Callable[["Station"], None]:
    def perform(station: "Station") -> None:
        if station.cabinet.firmware_job != job or not station.powered:
            return
        _firmware_status(station, job, status)
        if status == "InstallRebooting":
            station.cabinet.firmware = PurePosixPath(urlsplit(location).path).stem
            restart(station, "FirmwareUpdate", REBOOT_S)

    return perform


def _firmware_status(station: "Station", job: int, status: str) -> None:
    said = {"status": status, "requestId": job}
    station.send("FirmwareStatusNotification", said)


def installed(station: "Station") -> None:
    """Say that an update is through, once the station has booted with it (L01)."""
    job, station.cabinet.firmware_job = station.cabinet.firmware_job, None
    if job is not None:
        _firmware_status(station, job, "Installed")


def _get_log(station: "Station", request: Payload) -> Payload:
    job, replaced = request["requestId"], station.cabinet.log_job
    station.cabinet.log_job = job
    text = f"{iso(station.now)} {station.id} {request['logType']}\n"
    station.send("LogStatusNotification", {"status": "Uploading", "requestId": job})
    threading.Thread(
        target=_upload,
        args=(station, job, request["log"]["remoteLocation"], text),
        daemon=True,
    ).start()
    status = "Accepted" if replaced is None else "AcceptedCanceled"
    return {"status": status, "filename": f"{station.id}-{job}.log"}


def _upload(station: "Station", job: int, location: str, text: str) -> None:
    target = f"{location.rstrip('/')}/{station.id}-{job}.log"
    try:
        answer = httpx.put(target, content=text.encode(), timeout=UPLOAD_S)
        status = "Uploaded" if answer.is_success else "PermissionDenied"
    except httpx.HTTPError:
        status = "UploadFailure"
    if station.cabinet.log_job == job:
        station.cabinet.log_job = None
        station.send("LogStatusNotification", {"status": status, "requestId": job})


def _install(station: "Station", request: Payload) -> Payload:
    try:
        found = x509.load_pem_x509_certificate(request["certificate"].encode())
    except ValueError:
        return {"status": "Rejected"}
    data = _hash_data(found)
    key = (request["certificateType"], data["serialNumber"])
    station.cabinet.certificates[key] = data
    station.cabinet.roots[key] = request["certificate"]
    return ACCEPTED


def _delete(station: "Station", request: Payload) -> Payload:
    held = station.cabinet.certificates
    gone = [key for key, data in held.items() if data == request["certificateHashData"]]
    for key in gone:
        del held[key]
        del station.cabinet.roots[key]
    return ACCEPTED if gone else {"status": "NotFound"}


def _installed_ids(station: "Station", request: Payload) -> Payload:
    uses = request.get("certificateType")
    chain = [
        {"certificateType": use, "certificateHashData": data}
        for (use, _), data in station.cabinet.certificates.items()
        if uses is None or use in uses
    ]
    if not chain:
        return {"status": "NotFound"}
    return {"status": "Accepted", "certificateHashDataChain": chain}


def _hash_data(found: x509.Certificate) -> Payload:
    """Return the names of a self-signed certificate (CertificateHashDataType)."""
    key = found.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        form = serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    else:
        point = serialization.PublicFormat.UncompressedPoint
        form = serialization.Encoding.X962, point
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": _sha256(found.issuer.public_bytes()),
        "issuerKeyHash": _sha256(key.public_bytes(*form)),
        "serialNumber": format(found.serial_number, "x"),
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _signed(station: "Station", request: Payload) -> Payload:
    try:
        good = wear(station, request["certificateChain"])
    except ValueError:
        good = False
    return ACCEPTED if good else {"status": "Rejected"}


UPKEEP: dict[str, Command] = {
    "UpdateFirmware": _update,
    "GetLog": _get_log,
    "InstallCertificate": _install,
    "DeleteCertificate": _delete,
    "GetInstalledCertificateIds": _installed_ids,
    "CertificateSigned": _signed,
}

"""The whole schema: every module that describes tables, imported in one place."""

from csms.db import (
    certificate_tables,  # noqa: F401 - its tables join the metadata
    device_model_tables,  # noqa: F401 - its tables join the metadata
    diagnostics_tables,  # noqa: F401 - its tables join the metadata
    display_tables,  # noqa: F401 - its tables join the metadata
    firmware_tables,  # noqa: F401 - its tables join the metadata
    request_tables,  # noqa: F401 - its tables join the metadata
    security_tables,  # noqa: F401 - its tables join the metadata
    smart_tables,  # noqa: F401 - its tables join the metadata
    tariff_tables,  # noqa: F401 - its tables join the metadata
    token_tables,  # noqa: F401 - its tables join the metadata
)
from csms.db.tables import metadata

__all__ = ["metadata"]

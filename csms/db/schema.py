"""The whole schema: every module that describes tables, imported in one place."""

from csms.db.tables import metadata

__all__ = ["metadata"]

"""Migrations are known by the names of their files."""

from pathlib import Path

from alembic.script import ScriptDirectory

from csms.db import migrating

FOLDER = Path(migrating.__file__).parents[2] / "migrations"


def test_files_are_named_in_the_order_in_which_alembic_applies_them() -> None:
    scripts = ScriptDirectory(str(FOLDER)).walk_revisions()

    assert migrating.revisions() == [each.revision for each in scripts][::-1]

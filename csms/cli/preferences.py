"""`csms settings`: what an operator may set."""

from rich.table import Table


def settings_table() -> Table:
    """Return every setting with its default and its reason."""
    from csms.settings import describe

    table = Table(title="Settings", title_justify="left", box=None, pad_edge=False)
    table.add_column("environment variable", no_wrap=True, style="bold")
    table.add_column("default", overflow="fold")
    table.add_column("unit")
    table.add_column("meaning", overflow="fold")
    for each in describe():
        table.add_row(each.env, each.default, each.unit, each.sentence)
    return table

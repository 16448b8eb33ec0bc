"""What the demonstration shows, and what it looks at before it starts."""

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from csms.bootstrap.listening import CannotListen, ensure_free
from csms.cli.demo_report import Findings, show
from csms.cli.judging import Promise
from tests.unit.cli.conftest import Run

ROW = {
    "group": "school districts",
    "systems": 321,
    "excluded": 12,
    "opted_out": 34,
    "planned_kwh": 23_010.0,
    "delivered_kwh": 22_330.0,
    "mean_kw": 7_440.0,
    "amount": 1_224_356.0,
}
FIGURES = {
    "mean_kw": 1_044.0,
    "delivered_kwh": 3_132.0,
    "delivered_share": 0.983,
    "displayed": 1_018,
}


def shown(*promises: Promise) -> str:
    result = Findings(
        kept=all(each.kept for each in promises),
        promises=promises,
        groups=[ROW, ROW | {"group": "all"}],
        excluded=[],
        reasons={},
        document={"figures": FIGURES},
    )
    page = io.StringIO()
    show(result, Console(file=page, width=80))
    return page.getvalue()


def test_no_figure_is_cut_off_on_a_narrow_terminal() -> None:
    page = shown(Promise("Nobody was harmed", ()))

    assert "$1,224,356" in page
    assert "school districts" in page
    assert "…" not in page
    assert "1,018 messages shown on displays: every promise was kept" in page


def test_every_breach_is_listed_in_full() -> None:
    breaches = tuple(f"site-{number}: 12.3 kW out, cap 10.0" for number in range(5))

    page = shown(Promise("No site exported more than it may", breaches))

    for breach in breaches:
        assert f"broken: No site exported more than it may: {breach}\n" in page


@pytest.mark.parametrize("option", ["--ocpp-port", "--http-port"])
def test_a_taken_port_ends_the_demonstration_before_it_begins(
    run: Run, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        done = run("demo", option, str(number))

    assert done.exit_code == 1
    assert f"127.0.0.1:{number} is taken by another program" in done.stderr
    assert f"{option} 0 takes a free one" in done.stderr


def test_a_report_that_cannot_be_written_is_told_before_the_demonstration(
    run: Run, tmp_path: Path
) -> None:
    done = run("demo", "--json", str(tmp_path / "nowhere" / "report.json"))

    assert done.exit_code == 2
    assert "field: --json" in done.stderr


def test_a_taken_port_is_named_with_the_setting_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1:{number}") as refused:
            ensure_free("127.0.0.1", number, "HTTP")

    assert refused.value.is_taken
    assert "CSMS_HTTP_PORT" in (refused.value.remedy or "")

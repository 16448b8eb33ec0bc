import socket

import httpx
import pytest

from csms.cli.client import Api, connect, failed
from csms.cli.failures import ExitCode, Failed
from tests.unit.cli.fake_api import TOKEN, FakeApi, problem


@pytest.fixture
def fake() -> FakeApi:
    return FakeApi()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, ExitCode.REFUSED),
        (403, ExitCode.REFUSED),
        (404, ExitCode.NOT_FOUND),
        (409, ExitCode.REFUSED),
        (422, ExitCode.USAGE),
        (500, ExitCode.FAILURE),
        (503, ExitCode.FAILURE),
    ],
)
def test_a_problem_becomes_an_exit_code(
    fake: FakeApi, status: int, code: ExitCode
) -> None:
    fake.on("GET sites", problem(status, field="limit", remedy="mend it"), status)

    with fake.connect("http://n", TOKEN) as api, pytest.raises(Failed) as raised:
        api.get("sites")

    assert raised.value.code is code
    assert raised.value.field == "limit"
    assert str(raised.value) == "what happened this time"


def test_without_a_valid_token_the_remedy_is_to_set_one(fake: FakeApi) -> None:
    fake.on("GET sites", problem(401, remedy="send a header"), 401)

    with fake.connect("http://n", None) as api, pytest.raises(Failed) as raised:
        api.get("sites")

    assert "CSMS_TOKEN" in str(raised.value.remedy)


def test_every_field_at_fault_is_told_if_there_are_several() -> None:
    errors = [{"field": "a", "problem": "is odd"}, {"field": "b", "problem": "is even"}]
    said = httpx.Response(
        422,
        json=problem(422, errors=errors),
        request=httpx.Request("GET", "http://n"),
    )

    assert failed(said).more == ("a: is odd", "b: is even")


@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_not_ours_names_the_address(
    fake: FakeApi, status: int
) -> None:
    fake.on("GET sites", b"<html>hello</html>", status)

    with fake.connect("http://n", TOKEN) as api, pytest.raises(Failed) as raised:
        api.get("sites")

    assert raised.value.field == "--url"


def test_a_list_is_read_page_after_page() -> None:
    api = Api(httpx.Client(base_url="http://n", transport=httpx.MockTransport(_pages)))

    assert [row["id"] for row in api.items("sites", most=1000)] == [0, 1, 2, 3, 4]


def test_a_list_stops_at_its_limit() -> None:
    api = Api(httpx.Client(base_url="http://n", transport=httpx.MockTransport(_pages)))

    assert [row["id"] for row in api.items("sites", most=3)] == [0, 1, 2]


def test_parts_of_a_path_are_quoted(fake: FakeApi) -> None:
    fake.on("GET stations/a/../b", {})

    with fake.connect("http://n", TOKEN) as api:
        api.get("stations", "a/../b")

    assert fake.requests[0].url.raw_path == b"/api/v1/stations/a%2F..%2Fb"


def test_what_is_none_is_not_asked_for_and_a_list_is_said_often(fake: FakeApi) -> None:
    fake.on("GET events", {"items": []})

    with fake.connect("http://n", TOKEN) as api:
        api.get("events", program=None, stage=["active", "notified"], from_="x")

    assert fake.requests[0].url.query == b"stage=active&stage=notified&from=x"


def test_nobody_there_is_told_with_the_address() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with connect(url, None) as api, pytest.raises(Failed) as raised:
            api.get("sites")

    assert raised.value.code is ExitCode.FAILURE
    assert "csms serve" in str(raised.value.remedy)


def test_a_node_that_is_silent_is_told_apart_from_none() -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    api = Api(httpx.Client(base_url="http://n", transport=httpx.MockTransport(hang)))

    with pytest.raises(Failed, match="did not answer in time"):
        api.get("sites")


def test_an_address_without_a_scheme_is_a_mistake_of_use() -> None:
    with pytest.raises(Failed) as raised, connect("localhost:8080", None):
        pass

    assert raised.value.code is ExitCode.USAGE


def test_a_long_answer_that_fails_is_a_problem_too(fake: FakeApi) -> None:
    fake.on("GET telemetry/quarters", problem(422, field="to"), 422)

    with fake.connect("http://n", TOKEN) as api, pytest.raises(Failed) as raised:
        list(api.stream("telemetry", "quarters", format="csv"))

    assert raised.value.field == "to"


def _pages(request: httpx.Request) -> httpx.Response:
    first = int(request.url.params.get("cursor", 0))
    size = min(int(request.url.params["limit"]), 2)
    ids = list(range(first, min(first + size, 5)))
    following = first + size
    return httpx.Response(
        200,
        json={
            "items": [{"id": each} for each in ids],
            "next": str(following) if following < 5 else None,
        },
    )

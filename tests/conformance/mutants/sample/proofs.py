"""A proof that can fail, and one that cannot."""

from tests.conformance.mutants.sample.handling import Book, Handler, Status


def test_reports_are_kept_unless_they_make_no_sense() -> None:
    book = Book()
    handler = Handler(book)

    assert handler.report("A", 7) is Status.ACCEPTED
    assert handler.report("A", -7) is Status.REJECTED
    assert book.kept == [{"station": "A", "value": 7}]


def test_something_is_answered() -> None:
    assert Handler(Book()).report("A", 7) in Status

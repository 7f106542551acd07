"""Values are found by what a field is called and described as, in many layouts, and doubted where two fit."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.local.extracting import Found, extract
from agents.llm.local.values import currencies_in, date_in, number_of

TOTAL = {"type": "number", "description": "What is to be paid in all: the total, grand total or amount due."}
NUMBER = {"type": "string", "description": "The document's own number: invoice number, contract number."}
DATE = {"type": "string", "format": "date", "description": "The day on which it was issued, made or signed."}
DUE = {"type": "string", "format": "date", "description": "Only in an invoice: due date, payable by."}
BUYER = {"type": "string", "description": "Who buys: the buyer, customer or client; billed to."}
NOTICE = {"type": "string", "description": "How long before its end notice must be given."}
LAW = {"type": "string", "description": "The country whose law governs it."}


def found(name: str, schema: dict[str, Any], *texts: str, **beside: dict[str, Any]) -> Found:
    value = extract(name, schema, texts, beside)
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("name", "schema", "text", "value"),
    [
        ("total", TOTAL, "Total: EUR 1,249.50", 1249.5),
        ("total", TOTAL, "Grand total ......... 1.249,50 EUR", 1249.5),
        ("total", TOTAL, "| Amount due (20 % VAT included) | € 99 |", 99.0),
        ("total", TOTAL, "Total      1 249.50", 1249.5),
        ("total", TOTAL, "The Buyer pays a total price of EUR 48,000.00 for it.", 48000.0),
        ("number", NUMBER, "Invoice no.: R-7", "R-7"),
        ("number", NUMBER, "SUPPLY CONTRACT\nContract No. C-2026/117", "C-2026/117"),
        ("date", DATE, "Date of issue    3.11.2026", "2026-11-03"),
        ("date", DATE, "This contract was signed on\nNovember 3, 2026 by both.", "2026-11-03"),
        ("due_date", DUE, "Payable by: 3 November 2026", "2026-11-03"),
        ("buyer", BUYER, "Billed to:\nBuyer 7, print shop\nRoom 2", "Buyer 7, print shop"),
        ("buyer", BUYER, 'made between Seller 1 ("the Seller") and Buyer 7 ("the Buyer").', "Buyer 7"),
        ("notice_period", NOTICE, "It may be ended by giving sixty (60) days' notice.", "sixty (60) days"),
        ("notice_period", NOTICE, "Notice of 3 months must be given.", "3 months"),
        (
            "governing_law",
            LAW,
            "It is governed by the laws of the Republic of Ireland.",
            "Republic of Ireland",
        ),
    ],
)
def test_it_finds_what_is_stated(name: str, schema: dict[str, Any], text: str, value: Any) -> None:
    stated = found(name, schema, text)

    assert (stated.value, stated.others) == (value, ())
    assert " ".join(stated.quote.split()) in " ".join(text.split())


@pytest.mark.parametrize(
    ("name", "schema", "text"),
    [
        ("total", TOTAL, "Subtotal: 100.00"),
        ("total", TOTAL, "Total: to be agreed"),
        ("total", TOTAL, "The total is what both agree."),
        ("total", TOTAL, "VAT 20 %"),
        ("date", DATE, "Date: some day in spring"),
        ("number", NUMBER, "Telephone number: 12345"),
        ("buyer", BUYER, 'made between ("the Buyer") and nobody'),
        ("notice_period", NOTICE, "Payment is due within 30 days."),
        ("governing_law", LAW, "He went to law of his own accord."),
        ("governing_law", LAW, ""),
    ],
)
def test_it_finds_nothing_rather_than_a_guess(name: str, schema: dict[str, Any], text: str) -> None:
    assert extract(name, schema, [text]) is None


def test_a_label_belongs_to_the_field_that_it_fits_best() -> None:
    assert extract("due_date", DUE, ["Date: 2026-11-03"], {"date": DATE, "due_date": DUE}) is None


def test_of_two_answers_it_takes_the_first_and_doubts_it() -> None:
    stated = found("total", TOTAL, "Total: 10.00", "Total: 12.00")

    assert (stated.value, stated.place, stated.others) == (10.0, 0, (12.0,))
    assert stated.sure < found("total", TOTAL, "Total: 10.00", "Total: EUR 10").sure


def test_it_says_in_which_text_it_found_it() -> None:
    assert found("total", TOTAL, "Page 1", "Total: 10.00").place == 1


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1.249,50", 1249.5),
        ("1,249.50", 1249.5),
        ("1 249,5", 1249.5),
        ("1.249", 1249),
        ("12.5", 12.5),
        ("7", 7),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, number: float) -> None:
    assert number_of(written) == number


@pytest.mark.parametrize("written", ["31.02.2026", "2026-13-01", "3 Foobar 2026", "yesterday"])
def test_what_is_no_day_is_no_date(written: str) -> None:
    assert date_in(written) is None


def test_currencies_are_told_by_code_and_by_sign() -> None:
    assert currencies_in("€ 5, then USD 3, then EUR 2") == [("EUR", "€"), ("USD", "USD")]

"""Invoices and contracts in several layouts, long and short, made from numbers: each with what it states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

SMALL_PRINT = """
The goods shall be packed so that they reach their destination undamaged under the usual conditions of
carriage. Packing that can be used again remains the property of whoever provided it and is returned at
the next delivery, or paid for at its cost.

Whoever receives the goods examines them without delay and reports what is missing or damaged in writing.
A defect that could not be seen at first is reported as soon as it shows. What is not reported in time
counts as accepted, unless it was concealed.

Neither side is liable for a delay that an event beyond its control has caused, such as flood, fire or an
interruption of public supply, for as long as the event lasts and provided that it was reported at once.

Drawings, samples and figures that one side has given to the other stay its own. They are used for nothing
but the purposes agreed here, are shown to nobody else, and are given back or destroyed on request.

Should a provision turn out to be void, the others remain in force. The void one is replaced by the valid
provision that comes nearest to what was meant by it.

Changes and additions are made in writing and signed by both sides. This holds for a waiver of the written
form too. Oral side agreements were not made.

Records that concern the deliveries are kept for the time that the law demands and can be inspected during
business hours by an auditor who is bound to secrecy.

Work on the premises of the other side follows the safety rules in force there. Whoever does not follow
them can be sent away, and the delay that results is not excused by it.
"""
CLAUSES = SMALL_PRINT.strip().split("\n\n")


@dataclass(frozen=True)
class Paper:
    """A document and the fields that it states."""

    text: str
    states: dict[str, Any]
    type: str


def invoice(number: int, layout: int = 0) -> Paper:
    """A one-page invoice; layouts differ in labels, order, and how dates and sums are written."""
    issued = date(2026, 1, 5) + timedelta(days=number * 3)
    due = issued + timedelta(days=30)
    net = 100 + number * 37 % 900 + (number % 10) * 1_000
    total = round(net * 1.2, 2)
    states = {
        "number": f"R-{4000 + number}",
        "date": issued.isoformat(),
        "due_date": due.isoformat(),
        "seller": f"Seller {100 + number}",
        "buyer": f"Buyer {500 + number}",
        "total": total,
        "currency": "EUR",
    }
    return Paper(_INVOICES[layout % len(_INVOICES)](states, issued, due, net, total), states, "invoice")


def _with_colons(states: dict[str, Any], issued: date, due: date, net: float, total: float) -> str:
    return f"""INVOICE

Invoice number: {states["number"]}
Invoice date: {issued:%Y-%m-%d}
Due date: {due:%Y-%m-%d}

Seller: {states["seller"]}
Bill to: {states["buyer"]}

Pos  Description                 Amount
1    Delivery as ordered         {net:,.2f}
     VAT 20 %                    {total - net:,.2f}

Total: EUR {total:,.2f}
"""


def _in_columns(states: dict[str, Any], issued: date, due: date, net: float, total: float) -> str:
    def continental(sum_: float) -> str:
        return f"{sum_:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")

    return f"""{states["seller"]}
Invoice

Supplier          {states["seller"]}
Customer          {states["buyer"]}
Invoice no.       {states["number"]}
Date of issue     {issued:%d.%m.%Y}
Payable by        {due:%d.%m.%Y}

Subtotal .................. {continental(net)} EUR
VAT (20 %) ................ {continental(total - net)} EUR
Grand total ............... {continental(total)} EUR
"""


def _on_two_lines(states: dict[str, Any], issued: date, due: date, net: float, total: float) -> str:
    return f"""Tax invoice {states["number"]}

Sold by:
{states["seller"]}

Billed to:
{states["buyer"]}

| Invoice number | {states["number"]} |
| Date | {issued.day} {issued:%B %Y} |
| Due date | {due:%B} {due.day}, {due.year} |
| Net | € {net:,.2f} |
| Amount due (20 % VAT included) | € {total:,.2f} |
"""


_INVOICES = (_with_colons, _in_columns, _on_two_lines)


def contract(number: int, pages: int = 12, form_feeds: bool = True) -> Paper:
    """A contract in prose: its parties and its price on page 1, notice and law on the last page."""
    signed = date(2026, 2, 1) + timedelta(days=number)
    begins = signed + timedelta(days=14)
    price = 12_000 + number * 1_250
    first = f"""SUPPLY CONTRACT
Contract no. C-{700 + number}

This contract is made on {signed.day} {signed:%B %Y} between Seller {100 + number}
("the Seller") and Buyer {500 + number} ("the Buyer").

It takes effect on {begins.day} {begins:%B %Y}. The Buyer shall pay a total price of
EUR {price:,.2f} for the goods.
"""
    last = """Either side may end this contract by giving sixty (60) days' notice in writing.

This contract is governed by the laws of Ireland.
"""
    states = {
        "number": f"C-{700 + number}",
        "date": signed.isoformat(),
        "effective_date": begins.isoformat(),
        "seller": f"Seller {100 + number}",
        "buyer": f"Buyer {500 + number}",
        "total": float(price),
        "currency": "EUR",
        "notice_period": "sixty (60) days",
        "governing_law": "Ireland",
    }
    middle = [_filler(number, page) for page in range(2, pages)]
    return Paper(("\f" if form_feeds else "\n\n").join([first, *middle, last]), states, "contract")


def _filler(number: int, page: int) -> str:
    """A page of clauses, another mixture on each."""
    picked = [CLAUSES[(number + page * 3 + place) % len(CLAUSES)] for place in range(6)]
    return "\n\n".join(f"{page}.{place} {clause}" for place, clause in enumerate(picked, 1))

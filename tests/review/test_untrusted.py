from __future__ import annotations

import time

import pytest

from escalation.review.untrusted import has_hidden, is_renderable, plain, reveal, rich

FAMILY = "👨\u200d👩\u200d👧 ❤\ufe0f"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200b\u200b\u200bb", "a⟨U+200B x3⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("a\x1b[2J", "a⟨U+001B⟩[2J"),
        ("e" + "\u0301" * 9, "e" + "\u0301" * 4 + "⟨U+0301 x5⟩"),
        ("a\u200db", "a⟨U+200D⟩b"),
    ],
    ids=["direction override", "zero width", "tag character", "escape", "piled marks", "joiner in a word"],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert reveal(text) == shown


@pytest.mark.parametrize(
    "text", ["plain\n\ttext", "one page\fthe next", "שלום", "مرحبا", "नमस्ते", "é ü ñ", FAMILY, "⟨U+202E⟩"]
)
def test_what_can_be_seen_is_left_alone(text: str) -> None:
    assert not has_hidden(text)


def test_markup_is_text() -> None:
    assert plain("<b>&\u202e") == '&lt;b&gt;&amp;<mark class="hidden-character">⟨U+202E⟩</mark>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** `code`", "<p><strong>bold</strong> <code>code</code></p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("[a](javascript:x)", "<p>[a](javascript:x)</p>"),
        ("|a|\n|-|\n|1|", "<table>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("one\ftwo", "<p>one</p>\n<hr>\n<p>two</p>"),
        ("long" * 20 + "\nline", f"<p>{'long' * 20}\nline</p>"),
        (f"```\n{'long' * 20}\nline\n```", f"<pre><code>{'long' * 20}\nline\n"),
        ("2. Delivery", '<ol start="2">'),
    ],
    ids=["Markdown", "HTML", "a script", "a table", "lines", "pages", "a wrapped line", "code", "a number"],
)
def test_markdown_is_rendered_with_few_tags(text: str, html: str) -> None:
    assert rich(text).startswith(html)


def test_a_link_out_opens_beside_us_and_knows_nothing_of_us() -> None:
    html = rich("[a](https://b.example)")

    for attribute in ('href="https://b.example"', 'target="_blank"', 'rel="noopener noreferrer nofollow"'):
        assert attribute in html


@pytest.mark.parametrize("target", ["/admin/", "//b.example", "admin", "#main", "ftp://b.example"])
def test_a_link_without_a_web_address_leads_nowhere(target: str) -> None:
    assert "href" not in rich(f"[a]({target})")


def test_an_image_is_never_loaded() -> None:
    assert "<img" not in rich("![x](https://evil.example/x.png)")


@pytest.mark.parametrize("text", ["a" * 64 * 1024 + "a", "[" * 20_000, "> " * 5000, "a\n=\n" * 5000])
def test_what_would_take_long_is_shown_as_plain_text(text: str) -> None:
    assert not is_renderable(text)
    assert rich(text).startswith("<pre>")


@pytest.mark.parametrize(
    "piece", ["[", "a[", "*a ", "_", "`a", "<", "> ", "**a **", "|", "- ", "1. ", "\\", "\t", "a:"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (64 * 1024 // len(piece))
    start = time.perf_counter()

    rich(text)
    rich(text[:1500])

    assert time.perf_counter() - start < 30  # a tenth of a second, on a machine at rest

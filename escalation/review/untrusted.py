"""Text that an agent wrote, made safe to look at. Everything here is PURE: text in, safe HTML out.

An agent repeats what strangers told it, so its text may try to run in the reviewer's browser, to call home,
to look like our own buttons, or to hide words. It is escaped, or rendered as Markdown with few tags and no
images; hidden characters are written out; what would take long to render is shown as plain text.
"""

import re
import unicodedata

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

# Beyond these a hostile text costs seconds: both parsers are quadratic in nesting.
LONGEST_MARKDOWN = 64 * 1024
MOST_MARKS = 1500
MARKS = re.compile(r"[\[\]*_`~<>|!\\#=&]")

PROSE = {"p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
SCHEMES = {"http", "https", "mailto"}
ABSOLUTE = re.compile(r"(https?://|mailto:)", re.IGNORECASE)

# What changes a text's meaning unseen: controls, soft hyphens, fillers, direction overrides, zero-width
# characters, interlinear marks, tag characters and the variation selectors that carry smuggled bytes.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Marks piled on one letter reach over the lines above it; no language needs more than these.
COMBINING = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
PILE = re.compile(f"({COMBINING}{{4}})({COMBINING}+)")
SHOWN = re.compile(r"(?:⟨U\+[0-9A-F]{4,6}(?: x\d+)?⟩)+")
MARKUP = re.compile("[&<>\"']")
# What each of these characters adds to the HTML.
ESCAPED, WRITTEN_OUT = 5, 50
ZERO_WIDTH_JOINER = "\u200d"

# A line that goes on after so many characters was wrapped by an editor; shorter ones were broken on purpose.
WRAPPED = 60


def _keep_short_lines(state: StateCore) -> None:
    for token in state.tokens:
        length = 0
        for part in token.children or ():
            if part.type == "softbreak" and length < WRAPPED:
                part.type = "hardbreak"
            length = 0 if part.type.endswith("break") else length + len(part.content)


_markdown = MarkdownIt("js-default", {"html": False}).disable("image")
_markdown.core.ruler.push("keep_short_lines", _keep_short_lines)
NEXT_PAGE = "\n\n---\n\n"


def has_hidden(text: str) -> bool:
    """Whether a text holds characters that a reader cannot see."""
    return reveal(text) != text


def reveal(text: str) -> str:
    """Write out every character that cannot be seen, as ⟨U+202E⟩; runs of one are counted."""
    if not HIDDEN.search(text) and not PILE.search(text):
        return text
    shown = re.sub(rf"({HIDDEN.pattern})\1*", _written_out, text)
    return PILE.sub(lambda pile: f"{pile[1]}⟨U+{ord(pile[2][0]):04X} x{len(pile[2])}⟩", shown)


def _written_out(run: re.Match[str]) -> str:
    if run[0] == ZERO_WIDTH_JOINER and _joins_emoji(run):
        return run[0]
    times = f" x{len(run[0])}" if len(run[0]) > 1 else ""
    return f"⟨U+{ord(run[1]):04X}{times}⟩"


def _joins_emoji(run: re.Match[str]) -> bool:
    before, after = run.string[: run.start()][-1:], run.string[run.end() :][:1]
    return all(
        side and (side == "\ufe0f" or unicodedata.category(side) in ("So", "Sk")) for side in (before, after)
    )


def plain(text: str) -> SafeString:
    """Escape a text and mark what was hidden in it; a form feed ends a page, and here a paragraph."""
    return _mark_hidden(escape(reveal(text).replace("\f", "\n\n")))


def cost_of(text: str) -> int:
    """About how many characters of HTML a text becomes: a hidden one is written out and marked."""
    return len(text) + ESCAPED * len(MARKUP.findall(text)) + WRITTEN_OUT * len(HIDDEN.findall(text))


def is_renderable(text: str) -> bool:
    """Whether Markdown of this text is rendered in a few milliseconds, whatever it holds."""
    return len(text.encode(errors="replace")) <= LONGEST_MARKDOWN and len(MARKS.findall(text)) <= MOST_MARKS


def rich(text: str) -> SafeString:
    """Render Markdown with a short list of tags; a text too costly to render comes back as plain text."""
    if not is_renderable(text):
        return mark_safe(f"<pre>{plain(text)}</pre>")
    clean = nh3.clean(
        _markdown.render(reveal(text).replace("\f", NEXT_PAGE)),
        tags=PROSE | HEADINGS | TABLES,
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=_absolute_links_only,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return _mark_hidden(clean)


def _absolute_links_only(tag: str, attribute: str, value: str) -> str | None:
    # A link without a host would lead to one of our own pages.
    return value if attribute != "href" or ABSOLUTE.match(value) else None


def _mark_hidden(html: str) -> SafeString:
    return mark_safe(SHOWN.sub(lambda seen: f'<mark class="hidden-character">{seen[0]}</mark>', html))

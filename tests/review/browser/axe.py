"""What axe-core finds on a page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
# The size of what is touched belongs to WCAG 2.2, which axe asks for only when told. What it preloads is
# a style sheet of its own making, which our policy refuses.
ALL = "{resultTypes: ['violations'], preload: false, rules: {'target-size': {enabled: true}}}"


def violations(page: Page, rules: str = ALL) -> list[str]:
    """Each element that breaks one of the rules, and how."""
    # Evaluated by the debugger, so the policy of the page stays in force; once in each document.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {rules})")
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]

"""docs/agents: the picture of each agent that ships is its exit map."""

from pathlib import Path

import pytest

from escalation.gating.exit_map import as_markdown, exit_map
from escalation.gating.models import Agent
from escalation.stack.demo.cast import load

PAGES = Path(__file__).resolve().parents[2] / "docs" / "agents"


@pytest.mark.django_db
def test_each_picture_is_the_exit_map_of_its_agent() -> None:
    load(lambda _: None)

    maps = {agent.slug: as_markdown(agent, exit_map(agent.plan(), {})) for agent in Agent.objects.all()}

    assert {page.stem for page in PAGES.glob("*.md")} == set(maps)
    for slug, text in maps.items():
        picture = text[text.index("```mermaid") : text.index("\n```\n")]
        assert picture in (PAGES / f"{slug}.md").read_text()

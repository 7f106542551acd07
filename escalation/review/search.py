"""Text search over what a reviewer sees of an escalation: title, task and output."""

from __future__ import annotations

import re

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from escalation.queue.models.line import EscalationQuerySet

MOST_WORDS = 8
WORD = re.compile(r'"([^"]+)"|(\S+)')
# What the database writes otherwise inside JSON: a quotation mark, a line break, a tab.
ESCAPES = str.maketrans({'"': '\\"', "\n": "\\n", "\t": "\\t", "\\": "\\\\"})


def words_of(text: str) -> list[str]:
    """The words of a search, each once; what stands in quotation marks is one."""
    found = [phrase or word.replace('"', "") for phrase, word in WORD.findall(text)]
    return list(dict.fromkeys(word for word in found if word))[:MOST_WORDS]


def search(line: EscalationQuerySet, text: str) -> EscalationQuerySet:
    """Keep the escalations in which every word stands somewhere, in capitals or not.

    No index serves it (ADR 7): the caller bounds how far down the line it looks.
    """
    texts = line.alias(
        task_text=Cast("task", TextField()),
        output_text=Cast("output", TextField()),
    )
    for word in words_of(text):
        escaped = word.translate(ESCAPES)
        in_bodies = Q(task_text__icontains=escaped) | Q(output_text__icontains=escaped)
        texts = texts.filter(Q(title__icontains=word) | in_bodies)
    return texts

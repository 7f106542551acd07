"""Short at the tail: the caps on files, functions and fragments."""

from __future__ import annotations

import ast
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = [
    path
    for folder in ("escalation", "agents", "bench", "clients", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
PRODUCT = [path for path in CODE if path.relative_to(ROOT).parts[0] in ("escalation", "agents")]
FRAGMENTS = sorted((ROOT / "templates").rglob("_*.html"))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> list[tuple[str, int]]:
    """The functions of a file: where each begins, and how many lines its body has from `def` on."""
    tree = ast.parse(path.read_text())
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def percentile_95(lengths: list[int]) -> int:
    return sorted(lengths)[int(len(lengths) * 0.95)]


def test_no_file_is_longer_than_400_lines() -> None:
    assert [str(path) for path in CODE if lines(path) > 400] == []


def test_most_files_are_short() -> None:
    lengths = [lines(path) for path in PRODUCT]

    assert sorted(lengths)[len(lengths) // 2] < 80
    assert percentile_95(lengths) < 250


def test_no_function_is_longer_than_40_lines() -> None:
    every = chain.from_iterable(map(functions, CODE))

    assert [where for where, length in every if length > 40] == []


def test_most_functions_are_short() -> None:
    lengths = [length for _, length in chain.from_iterable(map(functions, PRODUCT))]

    assert percentile_95(lengths) < 25


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_fits_on_a_screen(path: Path) -> None:
    assert lines(path) <= 60


@pytest.mark.parametrize("name", ["services", "utils", "helpers", "managers", "common", "misc"])
def test_no_file_is_named_for_nothing(name: str) -> None:
    assert [str(path) for path in CODE if path.stem == name] == []

"""Which test says that it proves what, found in the source and not by importing."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.proving import ID

TESTS = Path(__file__).parents[1]
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]+")


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that is marked as a proof.

    Attributes:
        path: Its module, from the root of the repository.
        name: Its name within the module, such as ``TestBoot::test_it_is_known``.
        ids: What it proves: requirements, test cases, actions.
        words: The texts and constants that it mentions: names of actions among them.
    """

    path: str
    name: str
    ids: tuple[str, ...]
    words: frozenset[str] = field(repr=False)

    @property
    def node(self) -> str:
        """Its name for pytest."""
        return f"{self.path}::{self.name}"


def proofs(folder: Path = TESTS) -> list[Proof]:
    """Return every marked test, in the order of their names.

    Raises:
        ValueError: If a mark is not made of literals.
    """
    found = [
        proof for path in sorted(folder.rglob("test_*.py")) for proof in of_module(path)
    ]
    return sorted(found, key=lambda each: each.node)


def of_module(path: Path, root: Path = TESTS.parent) -> Iterator[Proof]:
    """Yield the proofs of one module."""
    source = path.read_text()
    if "proves" not in source and "exercises" not in source:
        return
    module = _Module(ast.parse(source))
    for name, test, ids in module.marked():
        place = path.relative_to(root).as_posix()
        yield Proof(place, name, tuple(sorted(set(ids))), module.words(test))


@dataclass(slots=True)
class _Module:
    """One module's tree, and what its names stand for."""

    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, ast.AST] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.tree.body:
            match each:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.constants[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.constants[name] = value
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    self.functions[name] = each
                case _:
                    pass

    def marked(self) -> Iterator[tuple[str, ast.AST, list[str]]]:
        for each in self.tree.body:
            if isinstance(each, ast.ClassDef):
                whole = self._ids(each)
                for inner in each.body:
                    if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                        name = f"{each.name}::{inner.name}"
                        yield from self._test(name, inner, whole)
            elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from self._test(each.name, each, [])

    def _test(
        self, name: str, test: ast.FunctionDef | ast.AsyncFunctionDef, more: list[str]
    ) -> Iterator[tuple[str, ast.AST, list[str]]]:
        ids = [*self._ids(test), *more]
        if ids and test.name.startswith("test_"):
            yield name, test, ids

    def _ids(
        self, marked: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    ) -> list[str]:
        return [
            identity
            for decorator in marked.decorator_list
            for call in ast.walk(decorator)
            if isinstance(call, ast.Call)
            for identity in self._of_call(call)
        ]

    def _of_call(self, call: ast.Call) -> list[str]:
        """Return the ids of a mark, or those that the cases of a table are named by."""
        match call.func:
            case ast.Name(id="proves" | "exercises"):
                return [text for each in call.args for text in self._literals(each)]
            case ast.Attribute(attr="param"):
                named = [each.value for each in call.keywords if each.arg == "id"]
                return [
                    text
                    for each in named
                    for text in self._literals(each, strict=False)
                    if ID.fullmatch(text)
                ]
            case ast.Attribute(attr="parametrize"):
                named = [each.value for each in call.keywords if each.arg == "ids"]
                return [
                    text
                    for each in named
                    for text in self._literals(each, strict=False)
                    if ID.fullmatch(text)
                ]
            case _:
                return []

    def _literals(self, said: ast.expr, *, strict: bool = True) -> list[str]:
        match said:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.Starred(value=inner):
                return self._literals(inner, strict=strict)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return [
                    x for each in parts for x in self._literals(each, strict=strict)
                ]
            case ast.Name(id=name) if name in self.constants:
                return self._literals(self.constants[name], strict=strict)
            case _ if strict:
                raise ValueError(f"line {said.lineno}: a mark is made of literals")
            case _:
                return []

    def words(self, test: ast.AST) -> frozenset[str]:
        """Return every text and constant in a test and the functions it calls here."""
        found: set[str] = set()
        waiting, seen = [test], {id(test)}
        while waiting:
            for each in ast.walk(waiting.pop()):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found.add(each.value)
                elif isinstance(each, ast.Name):
                    if _CONSTANT.fullmatch(each.id):
                        found.add(each.id)
                    known = self.functions.get(each.id) or self.constants.get(each.id)
                    if known is not None and id(known) not in seen:
                        seen.add(id(known))
                        waiting.append(known)
        return frozenset(found)

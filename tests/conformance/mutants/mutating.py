"""Functions broken on purpose: one small change each, made in the syntax tree."""

import ast
import copy
import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[3]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SILENT = frozenset({"log", "logger"})
_TYPES = frozenset({"decorator_list", "annotation", "returns", "type_comment"})
"""Parts of a tree that do not run when a function does."""

_FLIPS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A function with one thing changed.

    Attributes:
        module: The file, from the root of the repository.
        function: Its qualified name, such as ``Security.event``.
        line: Where it was changed.
        number: Which change of the function it is.
        change: What was changed, in words.
    """

    module: str
    function: str
    line: int
    number: int
    change: str

    @property
    def id(self) -> str:
        """Its name."""
        return f"{self.module}::{self.function}#{self.number}"

    @property
    def place(self) -> str:
        """The line that it changes."""
        return f"{self.module}:{self.line}"


Change = Callable[[], str]
"""Changes the tree that it was made for, and says what it did."""


class Source:
    """A module as text, as a tree, and as it runs."""

    def __init__(self, path: str, text: str | None = None) -> None:
        self.path = path
        self._text = text
        self._name = path.removesuffix(".py").replace("/", ".")

    @cached_property
    def text(self) -> str:
        """Its source."""
        return self._text if self._text is not None else (ROOT / self.path).read_text()

    @cached_property
    def module(self) -> ModuleType:
        """It, imported."""
        return importlib.import_module(self._name)

    @cached_property
    def functions(self) -> list[str]:
        """Its functions and methods that can be reached by name."""
        found = []
        for each in ast.parse(self.text).body:
            if isinstance(each, _FUNCTIONS):
                found.append(each.name)
            elif isinstance(each, ast.ClassDef):
                inner = [one.name for one in each.body if isinstance(one, _FUNCTIONS)]
                found += [f"{each.name}.{name}" for name in inner]
        return [name for name, count in Counter(found).items() if count == 1]

    def digest(self, function: str) -> str:
        """Return what changes when the function does, wherever it stands."""
        tree = ast.dump(_find(ast.parse(self.text), function))
        return blake2b(tree.encode(), digest_size=6).hexdigest()

    def mutants(self, function: str) -> list[Mutant]:
        """Return every mutant of a function, in the order of its lines."""
        tree = ast.parse(self.text)
        target = _find(tree, function)
        return [
            Mutant(self.path, function, line, number, change())
            for number, (line, change) in enumerate(self._changes(target))
        ]

    def code(self, mutant: Mutant) -> CodeType:
        """Return the compiled function, changed."""
        tree = ast.parse(self.text)
        target = _find(tree, mutant.function)
        for number, (_, change) in enumerate(self._changes(target)):
            if number == mutant.number:
                change()
                break
        whole = compile(ast.fix_missing_locations(tree), str(ROOT / self.path), "exec")
        return _code(whole, mutant.function)

    def living(self, function: str) -> FunctionType:
        """Return the function that runs.

        Raises:
            LookupError: If it cannot be reached by its name.
        """
        found: Any = self.module
        for name in function.split("."):
            if name not in vars(found):
                raise LookupError(function)
            found = vars(found)[name]
        for inner in ("__func__", "fget", "func", "__wrapped__"):
            found = getattr(found, inner, found)
        if isinstance(found, FunctionType):
            return found
        raise LookupError(function)

    def _changes(self, target: ast.AST) -> Iterator[tuple[int, Change]]:
        yield from Changes(self._enum).of(target)

    def _enum(self, name: str) -> type[Enum] | None:
        found = getattr(self.module, name, None)
        return found if isinstance(found, type) and issubclass(found, Enum) else None


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that can be changed in a function.

    Attributes:
        enum: Finds an enumeration by its name.
    """

    enum: Callable[[str], type[Enum] | None]

    def of(self, function: ast.AST) -> Iterator[tuple[int, Change]]:
        """Yield each change with its line; the tree is not changed by looking."""
        for node in list(_running(function)):
            for change in self._of_node(node):
                yield _line(node), change
            yield from _of_body(node)

    def _of_node(self, node: ast.AST) -> Iterator[Change]:
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) if not _may_flip(test):
                yield lambda: _negate(node)
            case ast.comprehension(ifs=[test, *_]) if not _may_flip(test):
                yield lambda: _unfilter(node)
            case ast.Compare() if _may_flip(node):
                yield lambda: _flip(node)
            case ast.Constant(value=bool()):
                yield lambda: _contradict(node)
            case ast.Attribute():
                yield from self._of_word(node)
            case ast.Call():
                yield from _of_call(node)
            case _:
                pass

    def _of_word(self, node: ast.Attribute) -> Iterator[Change]:
        if not isinstance(node.value, ast.Name):
            return
        words = self.enum(node.value.id)
        if words is not None and node.attr in words.__members__:
            other = _next(words, node.attr)
            if other is not None:
                yield lambda: _reword(node, other)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may run of a tree: no types, and nothing that is only logged."""
    waiting = [node]
    while waiting:
        found = waiting.pop(0)
        yield found
        for name, part in ast.iter_fields(found):
            if name in _TYPES or (name == "args" and isinstance(part, ast.arguments)):
                continue
            parts = part if isinstance(part, list) else [part]
            waiting += [
                each
                for each in parts
                if isinstance(each, ast.AST) and not _is_silent(each)
            ]


def _line(node: ast.AST) -> int:
    if isinstance(node, ast.comprehension):
        return node.ifs[0].lineno
    return int(getattr(node, "lineno", 0))


def _of_body(node: ast.AST) -> Iterator[tuple[int, Change]]:
    for name in ("body", "orelse", "finalbody"):
        found = getattr(node, name, None)
        body: list[ast.stmt] = found if isinstance(found, list) else []
        for place, statement in enumerate(body):
            if _is_act(statement):
                yield statement.lineno, partial(_skip, body, place)


def _of_call(node: ast.Call) -> Iterator[Change]:
    for keyword in node.keywords:
        if keyword.arg is not None and not _is_constant(keyword.value, bool, None):
            yield partial(_forget, keyword)


def _negate(node: ast.If | ast.IfExp) -> str:
    said = ast.unparse(node.test)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return f"the opposite of: if {said}"


def _unfilter(node: ast.comprehension) -> str:
    said = ast.unparse(node.ifs[0])
    node.ifs = [ast.UnaryOp(ast.Not(), node.ifs[0]), *node.ifs[1:]]
    return f"the opposite of: if {said}"


def _flip(node: ast.Compare) -> str:
    said = ast.unparse(node)
    node.ops = [_FLIPS[type(node.ops[0])]()]
    return f"{said} became {ast.unparse(node)}"


def _reword(node: ast.Attribute, other: str) -> str:
    said, node.attr = ast.unparse(node), other
    return f"{said} became {other}"


def _contradict(node: ast.Constant) -> str:
    node.value = not node.value
    return f"{not node.value} became {node.value}"


def _forget(keyword: ast.keyword) -> str:
    said = ast.unparse(keyword)
    keyword.value = ast.Constant(None)
    return f"{said} was forgotten"


def _skip(body: list[ast.stmt], place: int) -> str:
    said = ast.unparse(body[place]).splitlines()[0]
    body[place] = ast.copy_location(ast.Pass(), body[place])
    return f"skipped: {said}"


def _may_flip(test: ast.expr) -> bool:
    """Tell whether a test is one comparison: then its opposite is that one's."""
    return (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and type(test.ops[0]) in _FLIPS
    )


def _is_act(statement: ast.stmt) -> bool:
    """Tell whether a statement does something that may be left undone."""
    match statement:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Await(value=ast.Call()) | ast.Call()):
            return not _is_silent(statement)
        case _:
            return False


def _is_silent(node: ast.AST) -> bool:
    """Tell whether nothing would be missed: a log's line, what cannot be reached."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in _SILENT
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return True
        case ast.keyword(arg="strict"):
            return True
        case _:
            return False


def _is_constant(value: ast.expr, *kinds: type | None) -> bool:
    return isinstance(value, ast.Constant) and (
        type(value.value) in kinds or (value.value is None and None in kinds)
    )


def _next(words: type[Enum], member: str) -> str | None:
    names = list(words.__members__)
    other = names[(names.index(member) + 1) % len(names)]
    return None if other == member else other


def _find(tree: ast.AST, function: str) -> ast.AST:
    """Return the definition of a function or method.

    Raises:
        LookupError: If there is none of this name.
    """
    found = tree
    for name in function.split("."):
        for each in ast.iter_child_nodes(found):
            if isinstance(each, (*_FUNCTIONS, ast.ClassDef)) and each.name == name:
                found = each
                break
        else:
            raise LookupError(function)
    return found


def _code(whole: CodeType, function: str) -> CodeType:
    waiting = [whole]
    while waiting:
        code = waiting.pop()
        if code.co_qualname == function:
            return code
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
    raise LookupError(function)


class Swapped:
    """A living function that runs other code for as long as the block lasts."""

    def __init__(self, function: FunctionType, code: CodeType) -> None:
        self._function, self._code = function, code
        self._whole = copy.copy(function.__code__)

    def __enter__(self) -> None:
        self._function.__code__ = self._code

    def __exit__(self, *_: object) -> None:
        self._function.__code__ = self._whole

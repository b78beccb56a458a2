"""What made the numbers: a digest of all source that a count can depend on.

Here: the files that counting reaches by imports within the product, and the versions of the
libraries whose bits enter. Not here: storage.

A file counts by what it computes: comments, docstrings and layout make no cohort anew. Left out is
what makes figures of counts (`FIGURES`), of which a design knows the names of measures alone, and
the model where no method fits it.
"""

import ast
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROOMS = ("simulate", "classical", "bayes", "expectations")
_MODEL = "bayes"
FIGURES = tuple(
    f"simulate/studies/{name}.py"
    for name in (
        *("answer", "ratios", "performance"),
        *("trials/performance", "estimates/performance"),
    )
)
"""Files that read counts and that no counting reads."""
_LIBRARIES = ("numpy", "scipy", "numba")


@cache
def code_id(entry: str, *, with_model: bool = True) -> str:
    """Return sixteen hex digits of the code that counts: another one starts another partition.

    `entry` is the file that a kind of study counts with; `with_model` says whether it fits the
    relief model, so that a change of the model leaves the counts of other studies where they are.
    """
    digest = blake2b(digest_size=8)
    for path in sources(entry, with_model=with_model):
        digest.update(path.encode() + b"\0" + meaning(_text(path)).encode() + b"\0")
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()


@cache
def sources(entry: str, *, with_model: bool = True) -> tuple[str, ...]:
    """Return the files that a file imports within the product, directly or not, and itself.

    Without the model, what only the room `bayes` leads to is left out.
    """
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        is_left_out = path in FIGURES or (not with_model and path.startswith(f"{_MODEL}/"))
        if path in found or is_left_out or not (ROOT / path).is_file():
            continue
        found.add(path)
        waiting += _imports(path)
    return tuple(sorted(found))


def meaning(source: str) -> str:
    """Return source as Python reads it, without what computes nothing: words alone on a line."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_words(part)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_words(statement: ast.AST) -> bool:
    """Whether a statement is a string and nothing else: a docstring."""
    value = getattr(statement, "value", None) if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _imports(path: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    ours = [name.replace(".", "/") for name in names if name.split(".")[0] in _ROOMS]
    return [f"{name}{end}" for name in ours for end in (".py", "/__init__.py")]

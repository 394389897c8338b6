"""Read a YAML mapping from an untrusted file: bounded size and nesting, plain values only.

Plain values are those of YAML 1.2: `1e-3` is a number, `yes` and `1:30` are texts. It must not know
what the mapping means: `schema` checks kernel files.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_FILE_BYTES, MAX_NESTING

TAG = "tag:yaml.org,2002:"
NULL = f"{TAG}null"


class _Loader(yaml.CSafeLoader):
    """A loader with the core schema of YAML 1.2 instead of YAML 1.1's.

    Source: YAML 1.2.2, section 10.3.2
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # as in the class above

    def construct_int(self, node: yaml.ScalarNode) -> int:
        """Return a whole number; a leading zero means nothing, 0o and 0x are octal and hex."""
        text = node.value
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)

    def construct_float(self, node: yaml.ScalarNode) -> float:
        """Return a number."""
        return float(node.value.lower().replace(".inf", "inf"))


_PLAIN = (  # the kinds of plain values, and the characters that they can begin with
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)",
        list("-+.0123456789"),
    ),
)
for _kind, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(f"{TAG}{_kind}", re.compile(f"(?:{_pattern})\\Z"), _first)
_Loader.add_constructor(f"{TAG}int", _Loader.construct_int)
_Loader.add_constructor(f"{TAG}float", _Loader.construct_float)


def parse(path: Path) -> tuple[dict[str, Any], yaml.Node]:
    """Return the mapping in a file, and its nodes, which know their lines.

    Aliases, tags and repeated keys are refused.

    Raises:
        KernelError: with the file and the line of the first problem.
    """
    text = read_bytes(path)
    try:
        _refuse_unsafe(text)
        loader = _Loader(text)
        root = loader.get_single_node()
        _refuse_repeated_keys(root)
        content = loader.construct_document(root) if root else None
    except _RefusedError as exc:
        raise KernelError(f"{path}: line {exc.mark.line + 1}: {exc.text}") from exc
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        raise KernelError(
            f"{path}:{f' line {mark.line + 1}:' if mark else ''} is not valid YAML",
            hint="a bracket, a quote or a space of the indentation is missing or too many",
        ) from exc
    except (yaml.YAMLError, ValueError) as exc:
        raise KernelError(f"{path}: is not a text in UTF-8") from exc
    if root is None or content is None:
        raise KernelError(f"{path}: is empty", hint="it holds lines such as KEY: VALUE")
    if not isinstance(root, yaml.MappingNode):
        raise _no_mapping(path, root)
    return content, root


def _no_mapping(path: Path, root: yaml.Node) -> KernelError:
    """Return the error of a file that holds one value, or a list."""
    found = f"'{root.value:.40}'" if isinstance(root, yaml.ScalarNode) else "a list"
    line = root.start_mark.line + 1
    return KernelError(f"{path}: line {line}: expected lines such as KEY: VALUE, not {found}")


def read_bytes(path: Path) -> bytes:
    """Return the content of a small file.

    Raises:
        KernelError: it cannot be read, or is larger than `MAX_FILE_BYTES`.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as exc:
        raise KernelError(f"{path}: no such file") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = getattr(exc, "strerror", None) or "not a file name"
        raise KernelError(f"{path}: cannot be read: {reason}") from exc
    if len(text) > MAX_FILE_BYTES:
        raise KernelError(f"{path}: larger than the limit of {MAX_FILE_BYTES // 2**20} MiB")
    return text


def _refuse_unsafe(text: bytes) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _RefusedError("aliases are not allowed", event.start_mark)
        if tag := getattr(event, "tag", None):
            raise _RefusedError(f"tags such as {_short(tag)} are not allowed", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING:
            raise _RefusedError(f"nested more than {MAX_NESTING} levels deep", event.start_mark)


def _short(tag: str) -> str:
    return tag.replace(TAG, "!!")[:40]


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _RefusedError("a key is a word or a number", key.start_mark)
            if key.value in seen:
                raise _RefusedError(f"the key '{key.value}' appears twice", key.start_mark)
            seen.add(key.value)
            _refuse_repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode):
                _refuse_repeated_keys(item)


class _RefusedError(Exception):
    """Something that is not allowed, and its place."""

    def __init__(self, text: str, mark: Any) -> None:
        super().__init__(text)
        self.text, self.mark = text, mark

"""Read a YAML mapping from an untrusted file: bounded size and nesting, plain values only.

It must not know what the mapping means: `schema` checks kernel files.
"""

from pathlib import Path
from typing import Any

import yaml

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_FILE_BYTES, MAX_NESTING


def parse(path: Path) -> tuple[dict[str, Any], yaml.Node]:
    """Return the mapping in a file, and its nodes, which know their lines.

    Aliases and repeated keys are refused.

    Raises:
        KernelError: with the file and the line of the first problem.
    """
    text = _read(path)
    try:
        _refuse_unsafe(text)
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
        _refuse_repeated_keys(root)
        content = loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as exc:
        line = f" line {exc.problem_mark.line + 1}:" if exc.problem_mark else ""
        raise KernelError(f"{path}:{line} {exc.problem}") from exc
    except (yaml.YAMLError, ValueError) as exc:
        raise KernelError(f"{path}: not YAML: {str(exc).splitlines()[0]}") from exc
    if not isinstance(content, dict) or root is None:
        raise KernelError(f"{path}: expected a mapping of keys to values")
    return content, root


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise KernelError(f"{path}: cannot be read: {exc.strerror}") from exc
    if len(text) > MAX_FILE_BYTES:
        raise KernelError(f"{path}: larger than the limit of {MAX_FILE_BYTES // 2**20} MiB")
    return text


def _refuse_unsafe(text: bytes) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _problem("aliases are not allowed", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING:
            raise _problem(f"nested more than {MAX_NESTING} levels deep", event.start_mark)


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _problem(f"the key '{key.value}' appears twice", key.start_mark)
                seen.add(key.value)
            _refuse_repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode):
                _refuse_repeated_keys(item)


def _problem(text: str, mark: Any) -> yaml.MarkedYAMLError:
    """Return an error with its place; the C parser has a mark of its own class."""
    return yaml.MarkedYAMLError(problem=text, problem_mark=mark)

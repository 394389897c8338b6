"""Read YAML safely."""

from pathlib import Path
from typing import Any

import yaml

from convtool.errors import KernelError

MAX_FILE_BYTES = 4 * 2**20
MAX_NESTING = 8


def parse(path: Path) -> tuple[dict[str, Any], yaml.Node]:
    """Read a YAML mapping, and the nodes that know its lines.

    The file is untrusted: its size and nesting are limited, aliases and repeated keys refused, and only
    plain values made.

    Raises:
        KernelError: with the file and the line of what is wrong.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise KernelError(f"{path}: cannot be read: {exc.strerror}") from exc
    if len(text) > MAX_FILE_BYTES:
        raise KernelError(
            f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB, the most a kernel file may have"
        )
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
        raise KernelError(f"{path}: a kernel file is a mapping with name, summary and weights")
    return content, root


def _mark(event: yaml.Event) -> yaml.Mark | None:
    return event.start_mark  # type: ignore[return-value]  # the C parser's mark, of the same kind


def _refuse_unsafe(text: bytes) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=_mark(event))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > MAX_NESTING:
            raise yaml.MarkedYAMLError(
                problem=f"nested more than {MAX_NESTING} deep", problem_mark=_mark(event)
            )


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key.value}' stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
            _refuse_repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode):
                _refuse_repeated_keys(item)

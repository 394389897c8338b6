"""The format of kernel files, with messages that give the file, the line and the key.

It must not compute weights: `contents` does.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from convtool.errors import KernelError
from convtool.kernels import safe_yaml
from convtool.kernels.bounds import MAX_BANK_MEMBERS, MAX_WEIGHT, MAX_WEIGHTS, grid_shape
from convtool.options.kernel import Combine
from convtool.options.layer import Align


def _checked_grid(grid: Any) -> Any:
    if math.prod(grid_shape(grid)) > MAX_WEIGHTS:
        raise ValueError(f"more than {MAX_WEIGHTS} weights")
    return grid


def _nested(rank: int) -> dict[str, Any]:
    items = _nested(rank - 1) if rank > 1 else {"type": "number"}
    return {"type": "array", "minItems": 1, "items": items}


Dimension = Literal[1, 2, 3]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
Number = Annotated[float, Field(strict=True, ge=-MAX_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False)]
Grid = Annotated[
    Any,
    AfterValidator(_checked_grid),
    WithJsonSchema({"anyOf": [_nested(rank) for rank in range(1, 6)]}),
]


class Parameter(BaseModel):
    """A parameter of a generator: a number, as in `gaussian:sigma=3`, or one of several words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str = ""
    unit: Literal["", "px", "samples", "s", "Hz", "deg"] = ""
    default: Number | str
    choices: tuple[str, ...] = ()
    minimum: Number | None = None
    maximum: Number | None = None
    integer: bool = False

    @model_validator(mode="after")
    def _default_in_range(self) -> Self:
        if self.choices:
            if self.default not in self.choices:
                raise ValueError(f"the default {self.default!r} is not one of the choices")
            return self
        if isinstance(self.default, str):
            problem = f"the default {self.default!r} is not a number"
            raise ValueError(problem)  # noqa: TRY004  # pydantic reports ValueError
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not low <= self.default <= high:
            raise ValueError(f"the default {self.default:g} is outside {low:g}…{high:g}")
        return self


class KernelFile(BaseModel):
    """A kernel file: fixed weights, a generator with parameters, or a bank of other kernels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="Its name for -k; a file on the search path is called the same.")
    summary: Annotated[str, Field(max_length=200)] = ""
    source: Annotated[str, Field(max_length=1000)] = Field(
        "", description="Who published these weights."
    )
    output: Literal["signed", "unsigned"] | None = Field(
        None,
        description="Whether results lie on both sides of zero, which decides their default "
        "normalization; without it, weights that sum to zero are signed.",
    )
    convention: Literal["correlation", "convolution"] = Field(
        "correlation",
        description="Weights written for true convolution are flipped when loaded.",
    )
    align: Align = Field(
        "centre",
        description="For audio: the tap on the current sample is the middle one, or the last "
        "(causal).",
    )
    weights: dict[Dimension, Grid] | None = Field(
        None,
        description="By dimension: 1 for audio, 2 for images, 3 for video (time, height, width). "
        "Shape (*K), or (out, in/groups, *K) with channel axes.",
    )
    divide_by: Number | Literal["sum"] = 1
    bias: Number = 0
    generator: str | None = Field(None, description="A function of convtool.kernels.generators.")
    dimensions: tuple[Dimension, ...] = Field(
        (), description="The dimensions that a generator has weights for."
    )
    parameters: dict[str, Parameter] = {}
    bank: tuple[str, ...] = Field(
        (), max_length=MAX_BANK_MEMBERS, description="Kernels that run side by side."
    )
    combine: Combine | None = Field(
        None, description="How the results of a bank are combined into one."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [self.weights is not None, self.generator is not None, bool(self.bank)]
        if sum(kinds) != 1:
            raise ValueError("a kernel has exactly one of 'weights', 'generator' and 'bank'")
        if self.generator is None and (self.parameters or self.dimensions):
            raise ValueError("'parameters' and 'dimensions' belong to a 'generator'")
        if self.generator is not None and not self.dimensions:
            raise ValueError("a 'generator' needs 'dimensions'")
        if self.combine and not self.bank:
            raise ValueError("'combine' belongs to a 'bank'")
        if self.divide_by == 0:
            raise ValueError("'divide_by' must not be 0")
        for dims, grid in (self.weights or {}).items():
            if len(grid_shape(grid)) not in (dims, dims + 2):
                raise ValueError(
                    f"weights {dims} must be nested {dims} deep (or {dims + 2}, with output and "
                    f"input channels), not {len(grid_shape(grid))}"
                )
        return self


def read(path: Path) -> KernelFile:
    """Read and check a kernel file.

    Raises:
        KernelError: with the file, the line and the key of the first problem.
    """
    content, root = safe_yaml.parse(path)
    try:
        return KernelFile.model_validate(content)
    except ValidationError as exc:
        raise KernelError(f"{path}: {_first_problem(exc, root)}") from exc


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of kernel files, for editors."""
    return KernelFile.model_json_schema()


def _first_problem(error: ValidationError, root: yaml.Node | None) -> str:
    """Return the line, the key and the message of the first problem."""
    problem = error.errors(include_url=False)[0]
    keys, node = [], root
    for step in problem["loc"]:
        inner = _child(node, step)
        if inner is not None:
            node = inner
            keys.append(str(step))
        elif problem["type"] in ("extra_forbidden", "missing"):
            keys.append(str(step))
    line = node.start_mark.line + 1 if node else 1
    key = f"{'.'.join(keys)}: " if keys else ""
    message = problem["msg"].removeprefix("Value error, ")
    return f"line {line}: {key}{message}"


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    """Return the node below another by its key or index."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        inner: yaml.Node = node.value[step]
        return inner
    return None

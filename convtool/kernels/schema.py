"""The format of kernel files; `problems` tells what is wrong with one.

It must not compute weights: `contents` does.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from convtool.kernels import safe_yaml
from convtool.kernels.bounds import (
    MAX_BANK_MEMBERS,
    MAX_BIASES,
    MAX_WEIGHT,
    MAX_WEIGHTS,
    grid_shape,
)
from convtool.kernels.problems import first_problem
from convtool.options.kernel import Combine
from convtool.options.layer import Align
from convtool.options.numbers import read_number


def _number(value: Any) -> Any:
    """Return a number for the text of a fraction, such as 1/9; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return read_number(value)
    except ValueError:
        return value


def _numbers(grid: Any) -> Any:
    return [_numbers(item) for item in grid] if isinstance(grid, list) else _number(grid)


def _checked_grid(grid: Any) -> Any:
    grid = _numbers(grid)
    if math.prod(grid_shape(grid)) > MAX_WEIGHTS:
        raise ValueError(f"more than {MAX_WEIGHTS} weights")
    return grid


NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[-+.\deE]+/[-+.\deE]+$"}]}


def _nested(rank: int) -> dict[str, Any]:
    items = _nested(rank - 1) if rank > 1 else NUMBER
    return {"type": "array", "minItems": 1, "items": items}


Dimension = Literal[1, 2, 3]
Shown = Literal["centred", "clamp", "minmax", "bounds", "abs", "sigmoid"]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
Number = Annotated[
    float,
    Field(strict=True, ge=-MAX_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False),
    BeforeValidator(_number, json_schema_input_type=float | str),
]
Biases = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MAX_BIASES)]
Grid = Annotated[
    Any,
    AfterValidator(_checked_grid),
    WithJsonSchema({"anyOf": [_nested(rank) for rank in range(1, 6)]}),
]


def _by_dimension(weights: Any) -> Any:
    """Return weights by numbers, where their keys are texts, as those of JSON are."""
    if not isinstance(weights, dict):
        return weights
    return {int(key) if key in {"1", "2", "3"} else key: grid for key, grid in weights.items()}


Weights = Annotated[dict[Dimension, Grid] | None, BeforeValidator(_by_dimension)]


def _several(value: Any) -> Any:
    """Return a list of a single value, which people write where a list has one."""
    return [value] if isinstance(value, str | int) else value


class Parameter(BaseModel):
    """A parameter of a generator: a number, as in `gaussian:sigma=3`, or one of several words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str = ""
    unit: Literal["", "px", "samples", "s", "Hz", "deg"] = ""
    default: Number | str
    choices: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
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
    family: Annotated[str, Field(max_length=40)] = Field(
        "", description="Of which kernels it is one; sheets show families together."
    )
    source: Annotated[str, Field(max_length=1000)] = Field(
        "", description="Who published these weights."
    )
    output: Literal["signed", "unsigned"] | None = Field(
        None,
        description="Whether results lie on both sides of zero: short for 'normalize' centred or "
        "clamp.",
    )
    normalize: Shown | None = Field(
        None,
        description="How results are mapped to images and video by default; without it, weights "
        "that sum to zero are centred, and others clamped.",
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
    weights: Weights = Field(
        None,
        description="By dimension: 1 for audio, 2 for images, 3 for video (time, height, width). "
        "Shape (*K), or (out, in/groups, *K) with channel axes.",
    )
    divide_by: Number | Literal["sum"] = 1
    bias: Number | Biases = Field(
        0, description="Added to every output: a number, or one per output channel."
    )
    generator: str | None = Field(None, description="A function of convtool.kernels.generators.")
    dimensions: Annotated[tuple[Dimension, ...], BeforeValidator(_several)] = Field(
        (), description="The dimensions that a generator or a chain has weights for."
    )
    parameters: dict[str, Parameter] = {}
    bank: Annotated[tuple[str, ...], BeforeValidator(_several)] = Field(
        (), max_length=MAX_BANK_MEMBERS, description="Kernels that run side by side."
    )
    chain: Annotated[tuple[str, ...], BeforeValidator(_several)] = Field(
        (), max_length=MAX_BANK_MEMBERS, description="Steps that run after each other, as in -k."
    )
    combine: Combine | None = Field(
        None, description="How the results of a bank are combined into one."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = (self.weights is not None, self.generator is not None, self.bank, self.chain)
        if sum(map(bool, kinds)) != 1:
            raise ValueError(
                "a kernel has exactly one of 'weights', 'generator', 'bank' and 'chain'"
            )
        if self.generator is None and self.parameters:
            raise ValueError("'parameters' belong to a 'generator'")
        if self.dimensions and not (self.generator or self.chain):
            raise ValueError("'dimensions' belong to a 'generator' or a 'chain'")
        if (self.generator or self.chain) and not self.dimensions:
            raise ValueError("a 'generator' or a 'chain' needs 'dimensions'")
        if self.combine and not self.bank:
            raise ValueError("'combine' belongs to a 'bank'")
        if self.output and self.normalize:
            raise ValueError("a kernel has 'output' or 'normalize', not both")
        return self

    @field_validator("weights")
    @classmethod
    def _nested_as_deep_as_dimensions(cls, weights: Weights) -> Weights:
        for dims, grid in (weights or {}).items():
            depth = len(grid_shape(grid))
            if depth not in (dims, dims + 2):
                raise ValueError(
                    f"those of dimension {dims} are nested {dims} deep (or {dims + 2}, with output "
                    f"and input channels), not {depth}"
                )
        return weights

    @field_validator("divide_by")
    @classmethod
    def _not_zero(cls, divisor: float | str) -> float | str:
        if divisor == 0:
            raise ValueError("must not be 0")
        return divisor

    @property
    def rule(self) -> str | None:
        """The rule of `--normalize auto` that it states."""
        if self.output is None:
            return self.normalize
        return "centred" if self.output == "signed" else "clamp"


def read(path: Path) -> KernelFile:
    """Read and check a kernel file.

    Raises:
        KernelError: with the file, the line and the key of the first problem.
    """
    content, root = safe_yaml.parse(path)
    try:
        return KernelFile.model_validate(content)
    except ValidationError as exc:
        raise first_problem(exc, path, root) from exc


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of kernel files, for editors."""
    return KernelFile.model_json_schema(mode="validation")

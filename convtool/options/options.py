"""All options of one run of a filter, in their groups, and what contradicts what between groups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from convtool.errors import UsageError
from convtool.options.colour import ColourOptions
from convtool.options.engine import EngineOptions
from convtool.options.kernel import KernelOptions
from convtool.options.layer import AlignmentOptions, LayerOptions
from convtool.options.output import Output
from convtool.options.reading import Reading
from convtool.options.result import ResultOptions

Groups = Mapping[str, type]  # the class of each group, by the names of the fields of `Options`


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a filter; a function takes the group that it uses, never this.

    Attributes:
        kernel: which weights.
        layer: which `nn.Conv`.
        alignment: where the kernel lies in time.
        colour: what of a colour is filtered.
        result: how responses fit the output's range.
        engine: where and how the layer runs.
        reading: which part of an input, and its limits.
        output: how results are stored.

    Raises:
        UsageError: options of two groups contradict each other.
    """

    kernel: KernelOptions = KernelOptions()
    layer: LayerOptions = LayerOptions()
    alignment: AlignmentOptions = AlignmentOptions()
    colour: ColourOptions = ColourOptions()
    result: ResultOptions = ResultOptions()
    engine: EngineOptions = EngineOptions()
    reading: Reading = Reading()
    output: Output = Output()

    def __post_init__(self) -> None:
        aligned = self.alignment.length != "same" or self.alignment.align
        if self.layer.padding not in (None, "same") and aligned:
            raise UsageError("--padding cannot be combined with --length or --align")
        if self.alignment.wet != 1 and self.kernel.combine:
            raise UsageError(
                "--wet mixes each result with the input, and --combine folds them into one"
            )

    @classmethod
    def of(cls, groups: Groups, values: Mapping[str, Any]) -> Self:
        """Return the options of a medium from flat values by their names.

        Args:
            groups: the classes of the medium's groups.
            values: the value of each option that is given.

        Raises:
            UsageError: a value is wrong, or the medium has no such option.
        """
        names = {name: _names(kind) for name, kind in groups.items()}
        unknown = sorted(set(values) - set().union(*names.values()))
        if unknown:
            raise UsageError(f"no option '{unknown[0]}' here")
        return cls(
            **{
                name: kind(**{key: values[key] for key in names[name] if key in values})
                for name, kind in groups.items()
            }
        )


def _names(kind: type) -> Iterable[str]:
    return [field.name for field in fields(kind)]

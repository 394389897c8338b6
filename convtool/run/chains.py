"""The layers that options describe: one chain of them per kind of input, made when needed."""

import torch

from convtool.kernels.kernel import Bank
from convtool.kernels.loader import Request
from convtool.layers.chain import Setting, chained, steps
from convtool.layers.layer import Layer
from convtool.media.registry import Medium
from convtool.options.options import Options


class Chains:
    """The layers that options describe; the last of each chain, which knows those before it.

    Args:
        options: those of the kernel, the layer and its alignment are used.
        medium: whose defaults hold.

    Raises:
        KernelError: a kernel cannot be used.
    """

    def __init__(self, options: Options, medium: Medium) -> None:
        self._options, self._medium = options, medium
        self._layers: dict[tuple[int, float | None, torch.dtype], Layer] = {}
        self._steps = steps(options.kernel, options.layer, linear=options.colour.linear)
        self._banks: dict[int, list[Bank]] = {}
        # Kernels in hertz and seconds, or with a channel per input channel, wait for the input.
        if not medium.aligned:
            self._banks = {n: self._loaded(n, 1, None) for n in range(len(self._steps))}

    def layer(
        self,
        in_channels: int,
        rate: float | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Layer:
        """Return the layer for inputs with this many channels and samples per second.

        Args:
            in_channels: of the inputs.
            rate: samples per second; None where there is no time, or it is not known.
            dtype: of the weights.

        Raises:
            LayerError: the options do not fit them.
            KernelError: a kernel cannot be used.
        """
        key = in_channels, rate, dtype
        if key not in self._layers:
            medium = self._medium
            setting = Setting(
                dims=medium.dims,
                random_channels=medium.random_channels,
                padding_mode=medium.padding_mode,
                centred=medium.centred,
                luma=self._options.colour.channels == "luma",
                alignment=self._options.alignment,
                dtype=dtype,
            )
            self._layers[key] = chained(self._steps, setting, in_channels, rate, self._loaded)
        return self._layers[key]

    def _loaded(self, number: int, in_channels: int, rate: float | None) -> list[Bank]:
        """Return the kernels of a step."""
        if number in self._banks:
            return self._banks[number]
        search = self._options.kernel.kernel_path
        request = Request(self._medium.dims, search, rate, in_channels)
        return [spec.load(request) for spec in self._steps[number].specs]

    def layers(self) -> list[Layer]:
        """Return those made so far."""
        return list(self._layers.values())

"""The filter that settings ask for: its layers, made ready for each input and run over its blocks.

It must not know what becomes of results: `pipeline` normalizes and writes them.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from convtool import devices
from convtool.convolve import Convolution, Finish
from convtool.kernels import resolve
from convtool.layers import Layer, build
from convtool.media import Medium, Part
from convtool.settings import Settings
from convtool.stream import Stream

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Filter:
    """The layers that settings ask for, one for each number of input channels, made when needed.

    Args:
        settings: the kernel and the layer's options.
        medium: whose defaults hold.
        device: where layers run, instead of where the settings say.

    Raises:
        KernelError: a kernel cannot be used.
        UsageError: there is no such device.
    """

    def __init__(self, settings: Settings, medium: Medium, device: torch.device | None = None) -> None:
        self.settings, self.medium = settings, medium
        self.banks = [resolve(spec, medium.dims, search=settings.kernel_path) for spec in settings.kernel]
        self.device = device or devices.choose(settings.device)
        self._layers: dict[int, Layer] = {}
        self._ready: dict[tuple[int, tuple[int, ...], torch.dtype], Convolution] = {}

    def layer(self, in_channels: int) -> Layer:
        """Return the layer for inputs with this many channels.

        Raises:
            LayerError: the options do not fit them.
        """
        if in_channels not in self._layers:
            layer = build(
                self.banks,
                self.settings,
                dims=self.medium.dims,
                in_channels=in_channels,
                random_channels=self.medium.random_channels or in_channels,
                padding_mode=self.medium.padding_mode,
            )
            layer.conv.to(self.device)
            self._layers[in_channels] = layer
        return self._layers[in_channels]

    def layers(self) -> list[Layer]:
        """Return the layers made so far."""
        return list(self._layers.values())

    def convolution(self, part: Part) -> Convolution:
        """Return the layer for a part, made ready to run; parts alike share it."""
        key = len(part.channels), part.size, part.dtype
        if key not in self._ready:
            self._ready = {key: self._prepare(part)}
        return self._ready[key]

    def _prepare(self, part: Part) -> Convolution:
        conv = self.layer(len(part.channels)).conv
        return Convolution(
            conv, part.size, part.dtype, algorithm=self.settings.algorithm, dtype=DTYPES[self.settings.dtype]
        )

    def results(self, part: Part, finish: Finish | None = None) -> Iterator[Tensor]:
        """Yield the folded responses of a part, block by block, in units of its levels.

        Args:
            part: the input.
            finish: makes final samples of responses, which it may write to.

        Shape: (N, C, L, *S)
        """
        layer, convolution = self.layer(len(part.channels)), self.convolution(part)

        def end(responses: Tensor) -> Tensor:
            folded = layer.fold(responses)
            return folded if finish is None else finish(folded)

        def run(window: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
            return convolution([piece.to(self.device) for piece in window], pads, end)

        with devices.exact():
            yield from Stream(layer.conv, run)(part.blocks(convolution.length), tail=part.tail)

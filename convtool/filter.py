"""The filter that settings ask for: its layers, made ready for each input and run over its blocks.

It must not know what becomes of results: `pipeline` normalizes and writes them.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from convtool import devices
from convtool.convolve import Convolution, Finish
from convtool.geometry import output_size
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
        inputs: how many inputs like the first there will be, which may make a GPU worth its start-up.

    Raises:
        KernelError: a kernel cannot be used.
        UsageError: there is no such device.
    """

    def __init__(
        self, settings: Settings, medium: Medium, device: torch.device | None = None, *, inputs: int = 1
    ) -> None:
        self.settings, self.medium = settings, medium
        self.banks = [resolve(spec, medium.dims, search=settings.kernel_path) for spec in settings.kernel]
        self._device = device or (None if settings.device == "auto" else devices.choose(settings.device, 0))
        self._inputs = inputs
        self._layers: dict[int, Layer] = {}
        self._ready: dict[tuple[int, tuple[int, ...], torch.dtype], Convolution] = {}

    def layer(self, in_channels: int) -> Layer:
        """Return the layer for inputs with this many channels.

        Raises:
            LayerError: the options do not fit them.
        """
        if in_channels not in self._layers:
            self._layers[in_channels] = build(
                self.banks,
                self.settings,
                dims=self.medium.dims,
                in_channels=in_channels,
                random_channels=self.medium.random_channels or in_channels,
                padding_mode=self.medium.padding_mode,
            )
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

        def ready(device: torch.device) -> Convolution:
            return Convolution(
                conv,
                part.size,
                part.dtype,
                algorithm=self.settings.algorithm,
                dtype=DTYPES[self.settings.dtype],
                device=device,
                compiled=self.settings.compile,
            )

        if self._device is not None:
            return ready(self._device)
        here = ready(torch.device("cpu"))
        seconds = here.plan.seconds(output_size(conv, part.size)) * self._inputs
        self._device = devices.choose("auto", seconds)
        return here if self._device.type == "cpu" else ready(self._device)

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
            return convolution(window, pads, end)

        device = convolution.device
        with devices.exact():
            blocks = devices.upload(part.blocks(convolution.length), device)
            yield from Stream(layer.conv, run)(blocks, tail=lambda length: part.tail(length).to(device))

"""The filter that settings ask for: its layers, made ready for each input and run over its blocks.

It must not know what becomes of results: `pipeline` normalizes and writes them.
"""

from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from convtool.convolve import Convolution, Finish, devices
from convtool.convolve.per_frame import FrameConvolution, looks_at_one
from convtool.convolve.stream import Stream
from convtool.kernels.resolve import Bank, resolve
from convtool.layers.build import Layer, build
from convtool.levels import Levels
from convtool.media import Medium, Part
from convtool.media.audio.formats import is_sound
from convtool.options.settings import Settings
from convtool.run.prefetch import ahead

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
        self,
        settings: Settings,
        medium: Medium,
        device: torch.device | None = None,
        *,
        inputs: int = 1,
    ) -> None:
        self.settings, self.medium = settings, medium
        self._banks = None if medium.dims == 1 else [self._bank(spec) for spec in settings.kernel]
        self._device = device or (
            None if settings.device == "auto" else devices.choose(settings.device, 0)
        )
        self._inputs = inputs
        self._layers: dict[tuple[int, float | None], Layer] = {}
        self._ready: dict[
            tuple[Layer, tuple[int, ...], Levels], Convolution | FrameConvolution
        ] = {}

    def layer(self, in_channels: int, rate: float | None = None) -> Layer:
        """Return the layer for inputs with this many channels and samples a second.

        Raises:
            LayerError: the options do not fit them.
            KernelError: a kernel of a sound cannot be used.
        """
        key = in_channels, rate
        if key not in self._layers:
            banks = self._banks
            if banks is None:  # in Hz and seconds, or for as many channels
                banks = [self._bank(spec, in_channels, rate) for spec in self.settings.kernel]
            self._layers[key] = build(
                banks,
                self.settings,
                dims=self.medium.dims,
                in_channels=in_channels,
                random_channels=self.medium.random_channels or in_channels,
                padding_mode=self.medium.padding_mode,
            )
        return self._layers[key]

    def _bank(self, spec: str, in_channels: int = 1, rate: float | None = None) -> Bank:
        if self.medium.dims == 1 and is_sound(spec):
            from convtool.media.audio.impulse import impulse_response  # noqa: PLC0415  # decoders that few need

            return impulse_response(spec, in_channels, rate)
        return resolve(spec, self.medium.dims, search=self.settings.kernel_path, rate=rate)

    def layers(self) -> list[Layer]:
        """Return the layers made so far."""
        return list(self._layers.values())

    def convolution(self, part: Part) -> Convolution | FrameConvolution:
        """Return the layer for a part, made ready to run; parts alike share it."""
        key = self.layer(len(part.channels), part.rate), part.size, part.levels
        if key not in self._ready:
            self._ready = {key: self._prepare(*key)}
        return self._ready[key]

    def _prepare(
        self, layer: Layer, size: tuple[int, ...], levels: Levels
    ) -> Convolution | FrameConvolution:
        dtype = (
            torch.float64
            if levels.wide and self.settings.dtype == "float32"
            else DTYPES[self.settings.dtype]
        )

        def ready(device: torch.device) -> Convolution | FrameConvolution:
            kind = FrameConvolution if looks_at_one(layer.conv) else Convolution
            return kind(
                layer.conv,
                layer.bare_size(size),
                levels,
                algorithm=self.settings.algorithm,
                dtype=dtype,
                device=device,
                compiled=self.settings.compile,
            )

        if self._device is not None:
            return ready(self._device)
        here = ready(torch.device("cpu"))
        seconds = here.plan.seconds(layer.output_size(size)) * self._inputs
        self._device = devices.choose("auto", seconds)
        return here if self._device.type == "cpu" else ready(self._device)

    def results(self, part: Part, finish: Finish | None = None) -> Generator[Tensor]:
        """Yield the folded responses of a part, block by block, in units of its levels.

        Args:
            part: the input.
            finish: makes final samples of responses, which it may write to.

        Shape: (N, C, L, *S)
        """
        layer, convolution = self.layer(len(part.channels), part.rate), self.convolution(part)

        def end(responses: Tensor) -> Tensor:
            folded = layer.fold(responses)
            return folded if finish is None else finish(folded)

        def run(window: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
            return convolution(window, pads, end)

        device = convolution.device
        around = layer.ends[0][0] if layer.conv.padding_mode == "circular" else 0
        last = (
            part.tail(around).to(device) if around else None
        )  # now: a source is read by one at a time
        with devices.exact():
            stored = part.blocks(convolution.length)
            blocks = devices.upload(ahead(stored) if self.medium.overlapped else stored, device)
            yield from Stream(layer.conv, run, layer.pads)(blocks, last=last)

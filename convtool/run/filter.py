"""The filter that options describe: its layers, made ready for each input and run over its blocks.

It must not know what becomes of results: `pipeline` puts their steps together and writes them.
"""

from collections.abc import Generator, Sequence
from contextlib import closing

import torch
from torch import Tensor

from convtool.block import Block
from convtool.convolve import Convolution, Epilogue, Step, devices
from convtool.convolve.compiling import Compiler
from convtool.convolve.geometry import window
from convtool.convolve.stream import Stream
from convtool.kernels.kernel import Bank
from convtool.kernels.loader import Request
from convtool.kernels.spec import parse
from convtool.layers.build import build
from convtool.layers.layer import Layer
from convtool.levels import Levels
from convtool.media.contract import Part, Transparent, weighted
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.results.weighted import Weighted
from convtool.run.prefetch import prefetch

Ends = tuple[int, int]  # samples added before and behind
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Filter:
    """The layers that options describe, one per number of input channels, made when needed.

    Args:
        options: those of the kernel, the layer, its alignment and the engine are used.
        medium: whose defaults hold.
        device: where layers run, instead of where the options say.
        inputs: the number of inputs like the first, which may make a GPU worth its start-up.

    Raises:
        KernelError: a kernel cannot be used.
        UsageError: there is no such device.
    """

    def __init__(
        self,
        options: Options,
        medium: Medium,
        device: torch.device | None = None,
        *,
        inputs: int = 1,
    ) -> None:
        self.options, self.medium = options, medium
        self._device = device
        if device is None and options.engine.device != "auto":
            self._device = devices.choose(options.engine.device, 0)
        self._inputs = inputs
        self.compiler = Compiler() if options.engine.compile else None
        self._layers: dict[tuple[int, float | None, torch.dtype], Layer] = {}
        self._ready: dict[tuple[Layer, tuple[int, ...], Levels], Convolution] = {}
        self._specs = [parse(text) for text in options.kernel.kernel]
        # Kernels in hertz and seconds, or with a channel per input channel, wait for the input.
        self._banks = None if medium.aligned else self._loaded(1, None)

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
            banks = self._banks
            if banks is None:
                banks = self._loaded(in_channels, rate)
            medium, options = self.medium, self.options
            self._layers[key] = build(
                banks,
                dims=medium.dims,
                in_channels=in_channels,
                random_channels=medium.random_channels or in_channels,
                padding_mode=medium.padding_mode,
                kernel=options.kernel,
                layer=options.layer,
                alignment=options.alignment,
                dtype=dtype,
            )
        return self._layers[key]

    def _loaded(self, in_channels: int, rate: float | None) -> list[Bank]:
        search = self.options.kernel.kernel_path
        request = Request(self.medium.dims, search, rate, in_channels)
        return [spec.load(request) for spec in self._specs]

    def layer_of(self, part: Part) -> Layer:
        """Return the layer for a part.

        Raises:
            LayerError: the options do not fit it.
        """
        dtype = torch.float64 if self._exact(part.levels) else torch.float32
        return self.layer(len(part.channels), part.rate, dtype)

    def _exact(self, levels: Levels) -> bool:
        """Return whether samples need more digits than float32 has."""
        return levels.wide and self.options.engine.dtype == "float32"

    def seen(self, part: Part) -> Part:
        """Return a part as its layer should see it: with transparency taken into account."""
        if not isinstance(part, Transparent):
            return part
        layer = self.layer_of(part)
        alone = self.options.layer.groups in (None, "depthwise")
        smooths = alone and self.options.kernel.out_channels is None and layer.smooths
        return part.seen_by(sees_neighbours=layer.sees_neighbours, smooths=smooths)

    def folded(self, seen: Part) -> list[Step]:
        """Return the first steps of an epilogue, for responses alone, without a weight."""
        fold = self.layer_of(seen).fold
        return [fold, Weighted(lambda values: values, None)] if weighted(seen) else [fold]

    @property
    def device(self) -> str:
        """Where layers run, once one has been made ready; before, where they are asked to."""
        return self.options.engine.device if self._device is None else str(self._device)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how layers were run."""
        return self.compiler.notes if self.compiler else ()

    def layers(self) -> list[Layer]:
        """Return the layers made so far."""
        return list(self._layers.values())

    def convolution(self, part: Part) -> Convolution:
        """Return the layer for a part, made ready to run; parts alike share it."""
        key = self.layer_of(part), part.size, part.levels
        if key not in self._ready:
            self._ready = {key: self._prepared(*key)}
        return self._ready[key]

    def _prepared(self, layer: Layer, size: tuple[int, ...], levels: Levels) -> Convolution:
        engine = self.options.engine
        dtype = torch.float64 if self._exact(levels) else DTYPES[engine.dtype]

        def ready(device: torch.device) -> Convolution:
            return Convolution(
                layer.conv,
                layer.conv_size(size),
                levels,
                algorithm=engine.algorithm,
                dtype=dtype,
                device=device,
                compiler=self.compiler,
            )

        if self._device is not None:
            return ready(self._device)
        here = ready(torch.device("cpu"))
        seconds = here.plan.seconds(layer.placement(size).size) * self._inputs
        self._device = devices.choose("auto", seconds)
        return here if self._device.type == "cpu" else ready(self._device)

    def responses(
        self, part: Part, epilogue: Epilogue, *, every: int = 1, pads: Ends | None = None
    ) -> Generator[Tensor]:
        """Yield the result of a part, block by block, in units of its levels.

        Args:
            part: the input.
            epilogue: what is made of the responses; each step may write into its argument.
            every: of so many positions of the result, only the first is made.
            pads: samples added before and behind the part where it is a stretch of a whole.

        Shape: (N, C, L, *S)
        """
        with closing(self._stored(part, company=False)) as blocks:
            stream, last = self._stream(part, epilogue, pads, every)
            with devices.exact():
                yield from stream((block.tensor for block in blocks), last=last)

    def blocks(
        self, part: Part, epilogue: Epilogue, levels: Levels, *, pads: Ends | None = None
    ) -> Generator[Block]:
        """Yield the result of a part as blocks with their times and company.

        Args:
            part: the input.
            epilogue: as above.
            levels: how the samples that it makes are stored.
            pads: as above.
        """
        with closing(self._stored(part, company=True)) as blocks:
            stream, last = self._stream(part, epilogue, pads)
            with devices.exact():
                yield from devices.download(stream.blocks(blocks, levels, last=last))

    def _stored(self, part: Part, *, company: bool) -> Generator[Block]:
        """Yield the blocks of a part, on the device."""
        convolution = self.convolution(part)
        stored = part.blocks(convolution.length, company=company)
        if not self.medium.overlapped:
            yield from devices.upload(stored, convolution.device)
            return
        with closing(prefetch(stored)) as coming:
            yield from devices.upload(coming, convolution.device)

    def _stream(
        self, part: Part, epilogue: Epilogue, pads: Ends | None, every: int = 1
    ) -> tuple[Stream, Tensor | None]:
        """Return the stream for a part, and its last samples where padding begins with them."""
        layer, convolution = self.layer_of(part), self.convolution(part)
        if every > 1:
            layer = layer.thinned(every)
            convolution = self._prepared(layer, part.size, part.levels)

        def run(pieces: Sequence[Tensor], around: Sequence[tuple[int, int]]) -> Tensor:
            return convolution(pieces, around, epilogue)

        ends = layer.ends if pads is None else (pads, *layer.ends[1:])
        before = ends[0][0] if layer.conv.padding_mode == "circular" else 0
        last = part.tail(before).to(convolution.device) if before else None
        return Stream(window(layer.conv, ends), run), last

"""The filter that options describe: its layers, made ready for each input and run over its blocks.

It must not know what becomes of results: `pipeline` puts their steps together and writes them.
"""

import math
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace

import torch
from torch import Tensor

from convtool.block import Block
from convtool.convolve import Convolution, Epilogue, Step, devices
from convtool.convolve.compiling import Compiler
from convtool.convolve.stream import Stream
from convtool.layers.layer import Layer
from convtool.levels import Levels
from convtool.media.contract import Part, Transparent, weighted
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.padding import Modes
from convtool.results.weighted import Weighted
from convtool.run.around import added
from convtool.run.chains import Chains
from convtool.run.prefetch import prefetch
from convtool.run.stepped import Stepped

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
        self._ready: dict[Layer, tuple[tuple[int, ...], Levels, Modes, Convolution]] = {}
        self._chains = Chains(options, medium)

    def layer(
        self, in_channels: int, rate: float | None = None, dtype: torch.dtype = torch.float32
    ) -> Layer:
        """Return the layer for inputs with this many channels; see `Chains.layer`."""
        return self._chains.layer(in_channels, rate, dtype)

    def layer_of(self, part: Part) -> Layer:
        """Return the layer for a part; of a chain, the last one.

        Args:
            part: of an input, or what the last layer sees of it.

        Raises:
            LayerError: the options do not fit it.
        """
        part = getattr(part, "base", part)
        dtype = torch.float64 if self._exact(part.levels) else torch.float32
        return self.layer(len(part.channels), part.rate, dtype)

    def _exact(self, levels: Levels) -> bool:
        """Return whether samples need more digits than float32 has."""
        return levels.wide and self.options.engine.dtype == "float32"

    def seen(self, part: Part) -> Part:
        """Return a part of an input as the first layer should see it: its transparency counts."""
        if not isinstance(part, Transparent):
            return part
        steps, asked = self.layer_of(part).steps, self.options
        alone = asked.layer.groups in (None, "depthwise") and asked.colour.channels is None
        alone = alone and asked.kernel.out_channels is None
        return part.seen_by(
            sees_neighbours=any(step.sees_neighbours for step in steps),
            smooths=alone and all(isinstance(step, Layer) and step.smooths for step in steps),
        )

    def stepped(self, part: Part) -> Part:
        """Return what the last layer sees of a part: what the steps before it make of that."""
        for step in self.layer_of(part).before:
            memory = 0
            if isinstance(step, Layer):
                convolution = self._convolution(step, part)
                row = math.prod(part.size[1:]) * step.channels * torch.float32.itemsize
                memory = convolution.memory + 2 * convolution.length * row
            part = Stepped(
                part,
                step,
                single=self.medium.single,
                dtype=torch.float64 if self._exact(part.levels) else torch.float32,
                filtered=self._filtered,
                memory=memory,
            )
        return part

    def _filtered(
        self, layer: Layer, part: Part, levels: Levels, *, company: bool
    ) -> Generator[Block]:
        """Yield the result of an earlier layer as blocks on the device."""
        epilogue: Epilogue = [layer.fold, lambda responses: responses.to(levels.dtype)]
        with closing(self._stored(layer, part, company=company)) as blocks:
            stream, last = self._stream(layer, part, epilogue, None)
            with devices.exact():
                yield from stream.blocks(blocks, levels, last=last)

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
        return self._chains.layers()

    def convolution(self, part: Part) -> Convolution:
        """Return the layer for what it sees of a part, ready to run; parts alike share it."""
        return self._convolution(self.layer_of(part), part)

    def _convolution(self, layer: Layer, part: Part) -> Convolution:
        like = part.size, part.levels, added(layer, part)
        *known, ready = self._ready.get(layer, (None,))
        if ready is None or tuple(known) != like:
            ready = self._prepared(layer, *like)
            last = self.layer_of(part)
            chain = (*last.before, last)  # whose layers alone are kept
            self._ready = {key: one for key, one in self._ready.items() if key in chain}
            self._ready[layer] = *like, ready
        return ready

    def _prepared(
        self, layer: Layer, size: tuple[int, ...], levels: Levels, modes: Modes
    ) -> Convolution:
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
                modes=modes,
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
        layer = self.layer_of(part)
        with closing(self._stored(layer, part, company=False)) as blocks:
            stream, last = self._stream(layer, part, epilogue, pads, every)
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
        layer = self.layer_of(part)
        with closing(self._stored(layer, part, company=True)) as blocks:
            stream, last = self._stream(layer, part, epilogue, pads)
            with devices.exact():
                yield from devices.download(stream.blocks(blocks, levels, last=last))

    def _stored(self, layer: Layer, part: Part, *, company: bool) -> Generator[Block]:
        """Yield the blocks of a part, on the device."""
        convolution = self._convolution(layer, part)
        stored = part.blocks(convolution.length, company=company)
        if not self.medium.overlapped:
            yield from devices.upload(stored, convolution.device)
            return
        with closing(prefetch(stored)) as coming:
            yield from devices.upload(coming, convolution.device)

    def _stream(
        self, layer: Layer, part: Part, epilogue: Epilogue, pads: Ends | None, every: int = 1
    ) -> tuple[Stream, Tensor | None]:
        """Return the stream for a part, and its last samples where padding begins with them."""
        convolution = self._convolution(layer, part)
        modes = added(layer, part)
        if every > 1:
            layer = layer.thinned(every)
            convolution = self._prepared(layer, part.size, part.levels, modes)

        def run(pieces: Sequence[Tensor], around: Sequence[tuple[int, int]]) -> Tensor:
            return convolution(pieces, around, epilogue)

        ends = layer.ends if pads is None else (pads, *layer.ends[1:])
        before = ends[0][0] if modes[0].name == "circular" else 0
        last = part.tail(before).to(convolution.device) if before else None
        return Stream(replace(layer.window, pads=ends, modes=modes), run), last

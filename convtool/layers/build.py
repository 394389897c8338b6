"""Make one `nn.Conv1d/2d/3d` from kernels and layer options.

It does not run the layer: `convolve` does for a block, `convolve.stream` for many.
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from convtool.convolve.geometry import Conv
from convtool.errors import LayerError, UsageError
from convtool.kernels.bounds import MAX_LAYER_WEIGHTS
from convtool.kernels.kernel import Bank, Kernel
from convtool.layers.alignment import (
    Frame,
    Padded,
    common_frame,
    embedded,
    mixed,
    origin,
    own_centre,
    padding,
)
from convtool.layers.channels import groups_of
from convtool.layers.layer import Layer
from convtool.layers.outputs import NamedOutput, named_outputs
from convtool.layers.own import notes_of, own_of, settled
from convtool.options.declare import per_axis
from convtool.options.kernel import KernelOptions
from convtool.options.layer import AlignmentOptions, LayerOptions
from convtool.padding import modes_of
from convtool.padding import own as own_mode
from convtool.sizes import check_groups, counted

CONVS: dict[int, Callable[..., Conv]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_drawing = threading.Lock()  # all threads draw from the same generator


def build(
    banks: Sequence[Bank],
    *,
    dims: int,
    in_channels: int,
    random_channels: int,
    padding_mode: str,
    kernel: KernelOptions | None = None,
    layer: LayerOptions | None = None,
    alignment: AlignmentOptions | None = None,
    dtype: torch.dtype = torch.float32,
) -> Layer:
    """Make the layer that runs `banks`, or random weights where there are none.

    Args:
        banks: the bank of each `-k`.
        dims: 1, 2 or 3.
        in_channels: channels of the input.
        random_channels: output channels of random weights where `kernel` does not state them.
        padding_mode: used where `layer` states none.
        kernel: the options of kernels, by default PyTorch's.
        layer: the options of the layer, by default PyTorch's.
        alignment: where kernels lie in time, for audio.
        dtype: of the weights; random ones are drawn as float32 whatever it is.

    Raises:
        LayerError: the options do not fit the input.
        UsageError: the options do not fit each other.
    """
    kernels = [each for bank in banks for each in bank.kernels]
    making = _Making(
        dims,
        in_channels,
        random_channels,
        kernel or KernelOptions(),
        settled(layer or LayerOptions(), own_of(kernels), padding_mode),
        alignment or AlignmentOptions(),
        dtype,
        notes_of(kernels, in_channels, layer or LayerOptions(), kernel or KernelOptions()),
    )
    if not banks:
        return making.random()
    if making.kernel.flip:
        kernels = [each.flipped() for each in kernels]
    if any(each.has_channel_axes for each in kernels):
        return making.with_channels(kernels)
    return making.per_group(banks, kernels)


@dataclass(frozen=True)
class _Making:
    """A layer being made: what `build` was given."""

    dims: int
    in_channels: int
    random_channels: int
    kernel: KernelOptions
    layer: LayerOptions
    alignment: AlignmentOptions
    dtype: torch.dtype
    notes: tuple[str, ...]

    def per_group(self, banks: Sequence[Bank], kernels: Sequence[Kernel]) -> Layer:
        """Return the layer that applies every kernel to each group of channels."""
        align, wet = self.alignment.align, self.alignment.wet
        groups = self._groups(self.in_channels)
        outputs = self._outputs_per_group(banks, len(kernels), groups)
        spread = self.in_channels // groups
        if wet != 1:
            if spread != 1:
                raise LayerError(
                    "--wet mixes each channel with itself, and --groups mixes the channels"
                )
            kernels = [mixed(each, wet, self.in_channels) for each in kernels]
        frame = common_frame(kernels, align)
        conv, padded = self._conv(frame, outputs * groups, groups, self.dtype)
        stack = np.stack([embedded(each, frame, align) for each in kernels]) / spread
        repeats = outputs // len(kernels) * groups
        biases = np.stack([each.biases(repeats) for each in kernels], axis=1)
        weight = torch.from_numpy(stack).unsqueeze(1)
        weight = weight.repeat(repeats, spread, *(1,) * self.dims)
        _set(conv, weight, torch.from_numpy(biases.ravel()))
        folds = tuple((len(bank.kernels), bank.combine) for bank in banks)
        named = named_outputs(
            banks,
            self.kernel.combine,
            groups=groups,
            per_group=outputs,
            in_channels=self.in_channels,
        )
        centre = own_centre(kernels[0], frame, align)
        notes = self.notes
        return Layer(conv, folds, self.kernel.combine, named, centre=centre, notes=notes, **padded)

    def with_channels(self, kernels: Sequence[Kernel]) -> Layer:
        """Return the layer of one kernel whose weights name their output and input channels."""
        kernel = kernels[0]
        out = len(kernel.weights)
        groups = groups_of(kernels, self.in_channels, self.kernel)
        if self._groups(groups) != groups:
            raise LayerError(
                f"kernel '{kernel.name}' needs {counted(groups, 'group')} for "
                f"{counted(self.in_channels, 'channel')}, not --groups {self.layer.groups}"
            )
        if self.alignment.wet != 1:
            kernel = mixed(kernel, self.alignment.wet, self.in_channels)
        frame = Frame(kernel.size, origin(kernel.size, self.alignment.align or kernel.align))
        conv, padded = self._conv(frame, out, groups, self.dtype)
        bias = torch.from_numpy(np.array(kernel.biases(out)))
        _set(conv, torch.from_numpy(np.ascontiguousarray(kernel.weights)), bias)
        channels, natural = tuple(range(out)), out == self.in_channels
        named = NamedOutput(kernel.label, channels, natural, kernel.normalize, kernel.title)
        centre = own_centre(kernel, frame, self.alignment.align)
        notes = self.notes
        return Layer(conv, ((out, None),), None, (named,), centre=centre, notes=notes, **padded)

    def random(self) -> Layer:
        """Return the layer with random weights."""
        out = self.kernel.out_channels or self.random_channels
        groups = self._groups(1)
        check_groups(out, groups, "output")
        size = per_axis("kernel-size", self.kernel.kernel_size, self.dims)
        frame = Frame(size, origin(size, self.alignment.align or "centre"))
        conv, padded = self._drawn(frame, out, groups)
        if self.kernel.flip:
            _set(conv, conv.weight.flip(tuple(range(2, conv.weight.ndim))), conv.bias)
        wet = self.alignment.wet
        if wet != 1:
            drawn = Kernel("random", self.dims, conv.weight.double().numpy())
            weights = mixed(drawn, wet, self.in_channels).weights
            _set(conv, torch.from_numpy(weights), conv.bias)
            if conv.bias is not None:
                conv.bias.mul_(wet)
        named = NamedOutput("random", tuple(range(out)), False, "sigmoid", "random", random=True)
        return Layer(conv, ((out, None),), None, (named,), centre=(size[0] - 1) // 2, **padded)

    def _drawn(self, frame: Frame, out: int, groups: int) -> tuple[Conv, Padded]:
        """Return a layer with weights drawn by the seed and the initialization."""
        seed, init = self.kernel.seed, self.kernel.init
        with _drawing, torch.random.fork_rng(devices=[], enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            conv, padded = self._conv(frame, out, groups, torch.float32)
            if init != "default":
                arguments = {"groups": groups} if init == "dirac" else {}
                getattr(nn.init, f"{init}_")(conv.weight, **arguments)
                if conv.bias is not None:
                    nn.init.zeros_(conv.bias)
        if self.dtype != conv.weight.dtype:  # `to` imports half of torch's compiler first
            conv = conv.to(self.dtype)
        return conv, padded

    def _conv(self, frame: Frame, out: int, groups: int, dtype: torch.dtype) -> tuple[Conv, Padded]:
        """Return a layer of this size with any weights, and what it cannot pad by itself."""
        weights = math.prod(frame.size) * (self.in_channels // groups) * out
        if weights > MAX_LAYER_WEIGHTS:
            raise LayerError(
                f"the layer would have {weights} weights, more than the limit of "
                f"{MAX_LAYER_WEIGHTS}"
            )
        modes = modes_of(self.layer.padding_mode or "zeros", self.dims)
        own, padded = padding(self.layer, self.alignment, frame, modes)
        conv = CONVS[self.dims](
            self.in_channels,
            out,
            frame.size,
            stride=per_axis("stride", self.layer.stride or 1, self.dims),
            padding=own,
            dilation=per_axis("dilation", self.layer.dilation or 1, self.dims),
            groups=groups,
            bias=self.layer.bias,
            padding_mode=own_mode(modes) or "zeros",
            dtype=dtype,
        )
        return conv.requires_grad_(False), padded

    def _groups(self, default: int) -> int:
        asked = default if self.layer.groups is None else self.layer.groups
        groups = self.in_channels if asked == "depthwise" else asked
        check_groups(self.in_channels, groups, "input")
        return groups

    def _outputs_per_group(self, banks: Sequence[Bank], kernels: int, groups: int) -> int:
        asked = self.kernel.out_channels
        if asked is None:
            return kernels
        if self.kernel.combine or any(bank.combine for bank in banks):
            raise UsageError(
                "--out-channels repeats kernels, and a bank that is combined has one result"
            )
        if asked % (kernels * groups):
            raise LayerError(
                f"--out-channels must be a multiple of {kernels * groups} "
                f"({counted(kernels, 'kernel')} × {counted(groups, 'group')}), not {asked}"
            )
        return asked // groups


def _set(conv: Conv, weight: Tensor, bias: Tensor | None) -> None:
    conv.weight.copy_(weight)
    if conv.bias is not None and bias is not None:
        conv.bias.copy_(bias)

"""Check kernels whose weights have axes for output and input channels against their input."""

from collections.abc import Sequence

from convtool.errors import LayerError, UsageError
from convtool.kernels.kernel import Kernel
from convtool.options.kernel import KernelOptions
from convtool.sizes import counted


def groups_of(kernels: Sequence[Kernel], in_channels: int, options: KernelOptions) -> int:
    """Return the groups that the only kernel of a layer makes of the input's channels.

    Args:
        kernels: the kernels of the layer, one of them with channel axes.
        in_channels: channels of the input.
        options: of kernels.

    Raises:
        UsageError: there are other kernels, or options that such a kernel leaves no choice for.
        LayerError: its weights do not fit the input.
    """
    kernel = next(each for each in kernels if each.has_channel_axes)
    out, per_group = kernel.weights.shape[:2]
    name = f"kernel '{kernel.name}'"
    if len(kernels) > 1:
        raise UsageError(
            f"{name} has weights for each pair of channels, and cannot be run beside other kernels"
        )
    if options.out_channels not in (None, out) or options.combine:
        raise UsageError(
            f"{name} makes {counted(out, 'output channel')} by its weights, which --out-channels "
            "and --combine cannot change"
        )
    own = None if kernel.own is None else kernel.own.groups
    if own is not None and in_channels != own * per_group:
        raise LayerError(
            f"{name} takes {counted(own * per_group, 'channel')}, and the input has {in_channels}",
            hint="a colour image has 3 channels" if own * per_group == 3 else None,
        )
    if in_channels % per_group:
        raise LayerError(
            f"{name} has weights for {counted(per_group, 'input channel')}, and the input has "
            f"{in_channels}"
        )
    groups: int = in_channels // per_group
    if out % groups:
        raise LayerError(
            f"{name} makes {counted(out, 'output channel')}, which {groups} groups cannot share"
        )
    return groups

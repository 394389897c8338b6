"""The door for Python programs: filter a tensor, or a file, and get a tensor.

It writes nothing and prints nothing; files are the command line's business.
"""

import math
import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from convtool.arguments import given, kernels, refuse_ambiguous
from convtool.convolve import Convolution, devices
from convtool.convolve.beyond import stored
from convtool.errors import ReadError, UsageError
from convtool.layers.layer import Layer
from convtool.layers.plain import Plain
from convtool.levels import USUAL, of
from convtool.limits import RESULT_COPIES, refuse_larger
from convtool.media.inputs import opened
from convtool.media.registry import MEDIA, Medium, medium_of_tensor
from convtool.options.options import Options
from convtool.places.names import Place, place, shown
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.run.filter import DTYPES, Filter
from convtool.run.work import check_duration
from convtool.sizes import are

Results = list[tuple[Tensor, float]]  # each part's, and the number that stands for 1 in it


def apply(
    source: Tensor | NDArray[Any] | str | PathLike[str],
    kernel: Any = (),
    *,
    normalize: str = "none",
    medium: str | None = None,
    **options: Any,
) -> Tensor:
    """Filter a tensor or a file with a convolution layer.

    Args:
        source: a tensor or an array: floats as they are, uint8 and uint16 scaled to 0…1, int16 and
            int32 to -1…1. No gradient is recorded. Or the path of a file: an image or a video is
            read upright as grey or RGB in 0…1, audio in -1…1. `max_pixels`, `mono`, `start` and the
            like count for files only. A file is resampled to `rate`; of a tensor it is the rate.
        kernel: the value of `--kernel`, or weights of shape (*K): an array, a tensor or nested
            lists; or several of these. None for random weights.
        normalize: the value of `--normalize`; by default the layer's raw responses.
        medium: `image`, `audio` or `video`; by default by the file's suffix, or the tensor's axes.
            A tensor of three axes that looks like an image (C, H, W) is refused without it.
        options: the other options of the medium's command by name: stride, padding, padding_mode,
            dilation, groups, bias, out_channels, kernel_size, init, seed, combine, flip,
            independent, device, dtype, max_pixels, ….

    Shape: (N, C, L), (N, C, H, W) or (N, C, D, H, W) → (N, C', *S'); a file's pages are N

    Raises:
        UsageError: an option is wrong.
        KernelError: there is no such kernel.
        LayerError: the layer does not fit the input.
        ReadError: the file cannot be read.

    Notes of a file, such as a conversion, are issued as a `UserWarning`.

    >>> apply(torch.arange(1.0, 7).reshape(1, 1, 6), "2 2 2", padding=1, padding_mode="zeros")
    tensor([[[ 6., 12., 18., 24., 30., 22.]]])
    """
    filtered, chosen, asked = parsed(source, kernel, medium, {**options, "normalize": normalize})
    if isinstance(filtered, Tensor):
        return _apply_to_tensor(checked(filtered, chosen, asked), chosen, asked)
    return _apply_to_file(filtered, chosen, asked)


def parsed(
    source: Any, kernel: Any, medium: str | None, options: Mapping[str, Any]
) -> tuple[Tensor | Place, Medium, Options]:
    """Return what the arguments of `apply` stand for.

    Args:
        source: a tensor, an array or a path.
        kernel: as `apply` has it.
        medium: its name; None where the source tells.
        options: all others, by name.

    Raises:
        UsageError: an option is wrong.
    """
    filtered = given(source)
    values = dict(options, kernel=kernels(kernel))
    values["kernel_path"] = tuple(map(Path, _several(options.get("kernel_path", ()), PathLike)))
    if isinstance(options.get("device"), torch.device):
        values["device"] = str(options["device"])
    chosen = _medium(filtered, medium)
    return filtered, chosen, chosen.options(values)


def _several(value: Any, single: type) -> tuple[Any, ...]:
    return (value,) if isinstance(value, single | str) else tuple(value)


def _medium(source: Tensor | Place, name: str | None) -> Medium:
    """Return the medium that is asked for, or the first one that a source is of."""
    if name is not None:
        if name not in MEDIA:
            raise UsageError(f"no medium '{name}'", hint=f"known: {', '.join(MEDIA)}")
        return MEDIA[name]
    if isinstance(source, Tensor):
        refuse_ambiguous(source.shape)
        return medium_of_tensor(source.ndim - 2)
    suffix = source.suffix.lower()
    readers = (each for each in MEDIA.values() if suffix in each.backend.readable)
    return next(readers, next(iter(MEDIA.values())))


def _finite(tensor: Tensor, options: Options) -> Tensor:
    """Return a tensor without NaN and infinite samples, replaced where that is allowed.

    Algorithms spread them differently: each product, each tile or each non-zero tap.

    Raises:
        UsageError: there are some, and no value for them.
    """
    if not tensor.is_floating_point():
        return tensor
    good = torch.isfinite(tensor)
    if bool(good.all()):
        return tensor
    value = options.reading.nan
    if value is None:
        count = int((~good).sum())
        raise UsageError(
            f"the tensor: {are(count, 'sample')} NaN or infinite", hint="nan=VALUE replaces them"
        )
    return torch.where(good, tensor, value)


def checked(tensor: Tensor, medium: Medium, options: Options) -> Tensor:
    """Return a tensor that can be filtered: without NaN and infinite samples.

    Shape: (N, C, *S)

    Raises:
        UsageError: it has other axes than the medium, no samples, or none of known type.
    """
    if tensor.ndim != medium.dims + 2:
        raise UsageError(f"a tensor of {medium.several} has {medium.dims + 2} axes")
    if not tensor.numel():
        raise UsageError(f"a tensor of shape {tuple(tensor.shape)} holds no samples")
    if not tensor.is_floating_point() and tensor.dtype not in USUAL:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in USUAL)
        raise UsageError(f"a tensor holds floats, or {names}, not {tensor.dtype}")
    return _finite(tensor, options)


def _apply_to_tensor(tensor: Tensor, medium: Medium, options: Options) -> Tensor:
    engine = options.engine
    device = tensor.device if engine.device == "auto" else devices.choose(engine.device, 0)
    rate = getattr(options.reading, "rate", None)
    own = tensor.dtype if tensor.is_floating_point() else torch.float32
    weights = torch.float64 if own == torch.float64 else torch.float32
    filter_ = Filter(options, medium, device=device)
    layer = filter_.layer(tensor.shape[1], rate, weights)
    unit, samples = of(tensor.dtype).scale, tensor.to(device)
    with devices.exact():
        for step in (*layer.before, layer):
            if isinstance(step, Plain):
                samples = step(samples.to(own), unit)
            else:
                samples = _responses(step, samples, unit, own, filter_)
    for note in dict.fromkeys([*layer.notes, *filter_.notes]):
        warnings.warn(note, stacklevel=3)
    return _normalized([(samples, unit)], layer, medium, options)


def _responses(
    layer: Layer, samples: Tensor, unit: int, own: torch.dtype, filter_: Filter
) -> Tensor:
    """Return the responses of a layer to a tensor, as `own`, in units of its samples.

    Raises:
        LayerError: the layer does not fit the tensor.
    """
    engine, size = filter_.options.engine, samples.shape[2:]
    layer.placement(size)
    asked = DTYPES[engine.dtype]
    convolution = Convolution(
        layer.conv.to(own),
        layer.conv_size(size),
        of(samples.dtype),
        algorithm=engine.algorithm,
        dtype=None if asked == torch.float32 else asked,
        device=samples.device,
        compiler=filter_.compiler,
        unit=unit,
        modes=stored(layer.modes, of(samples.dtype), unit),
    )
    return convolution([samples], layer.ends, [layer.fold, lambda folded: folded.to(own)])


def _apply_to_file(path: Place, medium: Medium, options: Options) -> Tensor:
    filter_ = Filter(options, medium)
    results: Results = []
    limit = options.reading.max_memory
    with opened(str(path), ranged=medium.timed, limit=limit) as file:
        path = place(shown(str(path)))
        source = medium.backend.open(file, str(path), options.reading)
        for part in source.parts():
            layer, seen = filter_.layer_of(part), filter_.stepped(filter_.seen(part))
            check_duration(part, options.reading)
            samples = math.prod(layer.placement(seen.size).size) * layer.channels
            result = samples * RESULT_COPIES * torch.float32.itemsize
            needed = seen.memory + filter_.convolution(seen).memory + result
            refuse_larger(f"{path}: the result", needed, options.reading.max_memory)
            blocks = filter_.responses(seen, filter_.folded(seen))
            results.append((torch.cat(list(blocks), 2), seen.levels.scale))
    if len({result.shape for result, _ in results}) > 1:
        raise ReadError(f"{path}: its pages differ in size and do not fit one tensor")
    for note in dict.fromkeys([*source.notes, *layer.notes, *filter_.notes]):
        warnings.warn(f"{path}: {note}", stacklevel=3)
    return _normalized(results, layer, medium, options)


def _normalized(results: Results, layer: Layer, medium: Medium, options: Options) -> Tensor:
    asked = options.result
    normalizer = Normalizer(
        layer,
        Choice(asked.normalize, medium.usual, asked.independent, asked.percentile),
        centred=medium.centred,
        floats=True,
    )
    if normalizer.needs_range:
        for result, unit in results:
            every = normalizer.every(medium.sampling, result.shape[2])
            normalizer.measure([result[:, :, ::every]], unit)
    return torch.cat([normalizer(result, unit) for result, unit in results])

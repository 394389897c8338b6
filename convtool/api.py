"""The door for Python programs: filter a tensor, or a file, and get a tensor.

It writes nothing and prints nothing; files are the command line's business.
"""

import math
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from convtool.convolve import Convolution, devices
from convtool.errors import ReadError, UsageError
from convtool.layers.build import Layer
from convtool.levels import USUAL, of
from convtool.limits import refuse_larger
from convtool.media import MEDIA, Room
from convtool.media.audio.formats import is_sound
from convtool.media.inputs import opened
from convtool.media.video.formats import is_film
from convtool.options.settings import Settings
from convtool.results.normalize import Normalizer
from convtool.run.filter import Filter
from convtool.run.pipeline import check_duration

COPIES = 3  # of a file's result: in blocks, joined, normalized


def apply(
    source: Tensor | str | PathLike[str],
    kernel: str | tuple[str, ...] | list[str] = (),
    *,
    normalize: str = "none",
    **options: Any,
) -> Tensor:
    """Filter a tensor or a file with a convolution layer.

    Args:
        source: a tensor, floats as they are, uint8 and uint16 scaled to 0…1, int16 and int32 to -1…1; or the path of
            a picture or a film, read upright as grey or RGB in 0…1, or of a sound, in -1…1. `nan`, `max_pixels`,
            `mono`, `start` and the like count for files only. A file is resampled to `rate`; a tensor has it.
        kernel: what `--kernel` takes, or several; none for random weights.
        normalize: what `--normalize` takes; by default the layer's raw results.
        options: the other flags of the command line by name, as in `Settings`: stride, padding,
            padding_mode, dilation, groups, bias, out_channels, kernel_size, init, seed, combine, flip,
            independent, device, max_pixels, ….

    Shape: (N, C, L), (N, C, H, W) or (N, C, D, H, W) → (N, C', *S'); a file's pages are N

    Raises:
        UsageError: an option is wrong.
        KernelError: there is no such kernel.
        LayerError: the layer does not fit the input.
        ReadError: the file cannot be read.

    >>> apply(torch.arange(1.0, 7).reshape(1, 1, 6), "2 2 2", padding=1, padding_mode="zeros")
    tensor([[[ 6., 12., 18., 24., 30., 22.]]])
    """
    kernels = (kernel,) if isinstance(kernel, str) else tuple(kernel)
    folders = options.pop("kernel_path", ())
    options["kernel_path"] = (
        (Path(folders),)
        if isinstance(folders, str | PathLike)
        else tuple(Path(folder) for folder in folders)
    )
    settings = Settings(kernel=kernels, normalize=normalize, **options)  # type: ignore[arg-type]  # checked inside
    if isinstance(source, Tensor):
        return _apply_to_tensor(source, settings)
    return _apply_to_file(Path(fspath(source)), settings)


def _apply_to_tensor(tensor: Tensor, settings: Settings) -> Tensor:
    dims = tensor.ndim - 2
    if dims not in MEDIA:
        raise UsageError(f"a tensor is NCL, NCHW or NCDHW, not of shape {tuple(tensor.shape)}")
    if not tensor.numel():
        raise UsageError(f"a tensor of shape {tuple(tensor.shape)} holds no samples")
    if not tensor.is_floating_point() and tensor.dtype not in USUAL:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in USUAL)
        raise UsageError(f"a tensor holds floats, or {names}, not {tensor.dtype}")
    device = tensor.device if settings.device == "auto" else devices.choose(settings.device, 0)
    filter_ = Filter(settings, MEDIA[dims], device=device)
    layer = filter_.layer(tensor.shape[1], settings.rate if dims == 1 else None)
    layer.output_size(tensor.shape[2:])
    dtype = tensor.dtype if tensor.is_floating_point() else torch.float32
    with devices.exact():
        run = Convolution(
            layer.conv.to(dtype),
            layer.bare_size(tensor.shape[2:]),
            of(tensor.dtype),
            algorithm=settings.algorithm,
            device=device,
            compiled=settings.compile,
        )
        responses = run(
            [tensor.to(device)], layer.ends, lambda responses: layer.fold(responses).to(dtype)
        )
    return _normalized([(responses, of(tensor.dtype).scale)], layer, settings)


def _apply_to_file(path: Path, settings: Settings) -> Tensor:
    room = _room(path)
    filter_ = Filter(settings, room.medium)
    with opened(str(path)) as file:
        results: list[tuple[Tensor, float]] = []
        for part in room.open_source(file, str(path), settings).parts():
            layer = filter_.layer(len(part.channels), part.rate)
            check_duration(part, settings)
            result = (
                math.prod(layer.output_size(part.size))
                * layer.channels
                * COPIES
                * torch.float32.itemsize
            )
            held = part.memory + filter_.convolution(part).memory + result
            refuse_larger(f"{path}: the result", held, settings.max_memory)
            results.append((torch.cat(list(filter_.results(part)), 2), part.levels.scale))
    if len({result.shape for result, _ in results}) > 1:
        raise ReadError(f"{path}: its pages differ in size and do not fit one tensor")
    return _normalized(results, layer, settings)


def _room(path: Path) -> Room:
    """Return the medium of a file, by its name; decoders are imported for it alone."""
    if is_sound(str(path)):
        from convtool.media.audio import AudioRoom  # noqa: PLC0415

        return AudioRoom()
    if is_film(str(path)):
        from convtool.media.video import VideoRoom  # noqa: PLC0415

        return VideoRoom()
    from convtool.media.image import ImageRoom  # noqa: PLC0415

    return ImageRoom()


def _normalized(results: list[tuple[Tensor, float]], layer: Layer, settings: Settings) -> Tensor:
    normalizer = Normalizer(
        layer, settings.normalize, independent=settings.independent, floats=True
    )
    if normalizer.needs_range:
        for result, unit in results:
            normalizer.measure([result], unit)
    return torch.cat([normalizer(result, unit) for result, unit in results])

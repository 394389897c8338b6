"""The door for Python programs: filter a tensor, or a file, and get a tensor.

It writes nothing and prints nothing; files are the command line's business.
"""

from os import PathLike, fspath
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from convtool import devices
from convtool.convolve import Convolution
from convtool.errors import ReadError, UsageError
from convtool.filter import Filter
from convtool.geometry import output_size
from convtool.layers import Layer
from convtool.levels import FULL_SCALE, unit
from convtool.media import MEDIA
from convtool.normalize import Normalizer
from convtool.pipeline import check_size, opened
from convtool.settings import Settings


def apply(
    source: Tensor | str | PathLike[str],
    kernel: str | tuple[str, ...] | list[str] = (),
    *,
    normalize: str = "none",
    **options: Any,
) -> Tensor:
    """Filter a tensor or a picture file with a convolution layer.

    Args:
        source: a tensor, floats as they are, uint8 and uint16 scaled to 0…1; or the path of a picture, read
            upright as grey or RGB in 0…1. `nan`, `max_pixels` and `allow_truncated` count for files only.
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
        (Path(folders),) if isinstance(folders, str | PathLike) else tuple(Path(folder) for folder in folders)
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
    if not tensor.is_floating_point() and tensor.dtype not in FULL_SCALE:
        raise UsageError(f"a tensor holds floats, uint8 or uint16, not {tensor.dtype}")
    device = tensor.device if settings.device == "auto" else devices.choose(settings.device, 0)
    filter_ = Filter(settings, MEDIA[dims], device=device)
    layer = filter_.layer(tensor.shape[1])
    output_size(layer.conv, tensor.shape[2:])
    dtype = tensor.dtype if tensor.is_floating_point() else torch.float32
    with devices.exact():
        run = Convolution(
            layer.conv.to(dtype),
            tensor.shape[2:],
            tensor.dtype,
            algorithm=settings.algorithm,
            device=device,
            compiled=settings.compile,
        )
        responses = run([tensor.to(device)], finish=lambda responses: layer.fold(responses).to(dtype))
    return _normalized([(responses, unit(tensor.dtype))], layer, settings)


def _apply_to_file(path: Path, settings: Settings) -> Tensor:
    from convtool.media.image import ImageRoom  # noqa: PLC0415  # tensors need no decoders

    filter_ = Filter(settings, MEDIA[2])
    with opened(str(path)) as file:
        pages = []
        for page in ImageRoom().open_source(file, str(path), settings).parts():
            check_size(page, filter_.layer(len(page.channels)), settings.max_pixels)
            pages.append((torch.cat(list(filter_.results(page)), 2), unit(page.dtype)))
    if len({result.shape for result, _ in pages}) > 1:
        raise ReadError(f"{path}: its pages differ in size and do not fit one tensor")
    return _normalized(pages, filter_.layer(len(page.channels)), settings)


def _normalized(results: list[tuple[Tensor, float]], layer: Layer, settings: Settings) -> Tensor:
    normalizer = Normalizer(layer, settings.normalize, independent=settings.independent, floats=True)
    if normalizer.needs_range:
        for result, unit in results:
            normalizer.measure([result], unit)
    return torch.cat([normalizer(result, unit) for result, unit in results])

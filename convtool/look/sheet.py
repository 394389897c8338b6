"""Show what kernels do to one image: a contact sheet, the input first, every tile labelled.

Each tile is the result of a run of its own, as its kernel alone gives it. A large image is reduced
to the size of a tile before it is filtered, or its middle is taken: kernels act on pixels, and what
they do to millions of them would not be seen on a tile.
"""

import fnmatch
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from convtool.errors import KernelError, ReadError, UsageError
from convtool.kernels import catalogue
from convtool.levels import to_float, to_stored
from convtool.look.keepers import reduced
from convtool.look.region import Region
from convtool.look.witness import Look, View
from convtool.media.grid import arrange
from convtool.media.image.formats import format_of
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame, Pixels
from convtool.media.image.seen import filled, nchw
from convtool.media.image.sheet import columns as usual_columns
from convtool.media.image.sheet import labelled
from convtool.media.inputs import opened
from convtool.media.mistaken import of_another_medium, open_source
from convtool.media.registry import MEDIA
from convtool.outputs.atomic import Publisher
from convtool.outputs.existing import refuse_existing
from convtool.outputs.identities import Identities, refuse_input
from convtool.outputs.job import Job
from convtool.places.names import Place, shown
from convtool.run.filter import Filter
from convtool.run.observe import observe
from convtool.run.state import Run, Work

if TYPE_CHECKING:
    from convtool.media.image.source import ImageSource

IMAGE = MEDIA["image"]
DIMS, WHITE, QUALITY = 2, 255, 90


@dataclass(frozen=True)
class Wanted:
    """What a sheet shows.

    Attributes:
        kernels: texts as for `-k`, or patterns of names; none for all presets for images.
        search: folders of kernel files that come before the search path.
        tile: pixels of the longer side of a tile.
        crop: take the middle of a larger image instead of reducing it.
        columns: tiles side by side; None for nearly a square.
    """

    kernels: tuple[str, ...] = ()
    search: tuple[Path, ...] = ()
    tile: int = 200
    crop: bool = False
    columns: int | None = None


def write_sheet(source: str, target: Place, wanted: Wanted, *, overwrite: bool) -> list[str]:
    """Write the sheet of an image, and return what a user should know of it.

    Args:
        source: the image.
        target: the sheet; its suffix decides the format.
        wanted: what it shows.
        overwrite: replace an existing file.

    Raises:
        KernelError: there is no such kernel, or none for images.
        ReadError: the image cannot be read.
        WriteError: the sheet cannot be written.
        UsageError: no format has the suffix.
    """
    if not target.suffix:
        raise UsageError(
            f"OUTPUT '{target}' has no suffix, which decides the format", hint="for example s.png"
        )
    format = format_of(target.suffix)
    if torch.uint8 not in format.dtypes:
        raise UsageError(f"a sheet is an image of 8 bits, which {format.name} cannot hold")
    refuse_input(target, Identities([source]))
    refuse_existing(target, overwrite=overwrite)
    texts = chosen(wanted.kernels, wanted.search)
    shown, icc, notes = _read(source, wanted)
    tiles, labels = [shown], ["input"]
    with tempfile.TemporaryDirectory(prefix="convtool-") as folder:
        small = Path(folder) / "input.png"
        rows = shown[0] if len(shown) == 1 else shown.permute(1, 2, 0)
        Image.fromarray(rows.contiguous().numpy()).save(small)
        for text in texts:
            for label, tile in results(small, text, wanted.search):
                labels.append(label)
                tiles.append(tile)
    is_reduced = max(shown.shape) == wanted.tile
    drawn = labelled(tiles, labels, WHITE, 1 if is_reduced else None)
    across = wanted.columns or usual_columns(len(drawn), max(tile.shape[2] for tile in drawn))
    sheet = arrange(drawn, WHITE, across).permute(1, 2, 0).contiguous().numpy()
    metadata = Metadata(icc=icc if "icc" in format.holds else None)
    with Publisher().file(target, overwrite=overwrite) as file:
        format.save(file, [Frame(sheet)], metadata, QUALITY)
    return notes


def chosen(kernels: Sequence[str], search: tuple[Path, ...]) -> list[str]:
    """Return the texts of kernels: what patterns stand for by families, others as they are.

    Args:
        kernels: texts and patterns; none for all presets.
        search: folders of kernel files.

    Raises:
        KernelError: a pattern matches no kernel for images.
    """
    names: dict[str, None] = {}
    for text in kernels or ("*",):
        if not any(character in text for character in "*?"):
            names[text] = None
            continue
        found = [name for name in presets(search) if fnmatch.fnmatchcase(name, text)]
        if not found:
            raise KernelError(
                f"no kernel for images matches '{text}'",
                hint="`convtool kernels list` shows all names",
            )
        names |= dict.fromkeys(found)
    return list(names)


def presets(search: tuple[Path, ...] = ()) -> list[str]:
    """Return the names of all kernels for images, by families."""
    entries = [catalogue.entry(path, search) for path in catalogue.catalogue(search).values()]
    return [entry.name for entry in catalogue.by_family(entries) if DIMS in entry.dimensions]


def results(source: Path, text: str, search: tuple[Path, ...] = ()) -> Iterator[tuple[str, Tensor]]:
    """Yield the results of a kernel on an image, as a file would hold them, with their labels.

    Args:
        source: an image of 8 bits.
        text: the kernel, as for `-k`.
        search: folders of kernel files.

    Raises:
        KernelError: there is no such kernel, or none for images.

    Shape: (1 or 3, H, W) each, of uint8
    """
    look = Look(_everything, overviews=False)
    options = IMAGE.options({"kernel": (text,), "kernel_path": search, "merge": True})
    shared = Run(Filter(options, IMAGE), witness=lambda _: look)
    folder = source.parent
    job = Job(str(source), folder, source.stem, ".png", split=False, merged=str(folder / "r.png"))
    outcome = observe(job, shared)
    if outcome.error is not None:
        message = outcome.error.removeprefix(f"{job.input}: ")
        raise KernelError(f"kernel '{text}': {message}", hint=outcome.hint)
    view: View = look.views[0]
    tiles, title = view.work.targets[0].tiles, view.work.layer.outputs[0].title
    for tile in tiles:
        yield tile.label if len(tiles) > 1 else title, view.stored[list(tile.channels)]


def _everything(work: Work) -> Region:
    size = work.layer.placement(work.part.size).size
    return Region.of(work.layer, work.part.size, [0] * DIMS, size)


def _read(source: str, wanted: Wanted) -> tuple[Tensor, bytes | None, list[str]]:
    """Return the first page of an image as it is filtered, its profile, and what was done to it.

    Shape: (1 or 3, H, W), of uint8
    """
    if other := of_another_medium(source, IMAGE.name):
        raise ReadError(f"{other.message}: a sheet shows what kernels do to an image", named=True)
    reading = IMAGE.options({}).reading
    with opened(source, limit=reading.max_memory) as file:
        source = shown(source)
        image = cast("ImageSource", open_source(IMAGE, file, source, reading))
        pages = sum(1 for _ in image.parts())
        pixels = next(image.parts()).pixels
    notes = [*image.notes]
    if pages > 1:
        notes.append(f"the first of {pages} pages is shown")
    if pixels.alpha is not None:
        notes.append("transparency is shown on white")
    if pixels.samples.dtype != np.uint8:
        notes.append("filtered in 8 bits")
    opaque = _opaque(pixels)
    if len(opaque) not in (1, 3):
        raise ReadError(
            f"{source} has {len(opaque)} bands: a sheet shows grey or colour", named=True
        )
    small, said = _small(opaque, wanted)
    return to_stored(small, torch.uint8), image.metadata.icc, [*notes, *said]


def _opaque(pixels: Pixels) -> Tensor:
    """Return an image on white. Shape: (C, H, W)"""
    image = to_float(filled(pixels)[0])
    if pixels.alpha is None:
        return image
    opacity = to_float(nchw(pixels.alpha[..., None])[0])
    return image * opacity + 1 - opacity


def _small(image: Tensor, wanted: Wanted) -> tuple[Tensor, list[str]]:
    """Return an image of the size of a tile, and what was done to it."""
    height, width = image.shape[1:]
    if max(height, width) <= wanted.tile:
        return image, []
    if not wanted.crop:
        small = reduced(image, wanted.tile)
        size = f"{small.shape[2]}×{small.shape[1]}"
        return small, [f"reduced from {width}×{height} to {size} pixels, and then filtered"]
    down, across = min(height, wanted.tile), min(width, wanted.tile)
    top, left = (height - down) // 2, (width - across) // 2
    middle = image[:, top : top + down, left : left + across]
    return middle, [f"the middle {across}×{down} of {width}×{height} pixels is filtered"]

"""The one decision about an output: how it is stored, what it takes, and what is lost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import av

from convtool.block import Moment
from convtool.errors import IndivisibleError, WriteError
from convtool.levels import Levels
from convtool.limits import VIDEO_ENCODED_FRAMES
from convtool.media.contract import Tile, Wanted
from convtool.media.video.accepted import GBR, KINDS, MATRICES, YCGCO
from convtool.media.video.carried import Carried
from convtool.media.video.containers import FOLDER
from convtool.media.video.frames import FramesEncoder
from convtool.media.video.header import Header
from convtool.media.video.join import FramesJoiner, VideoJoiner
from convtool.media.video.palette import OUTPUT
from convtool.media.video.piece import FramesPiece, PieceEncoder
from convtool.media.video.pixels import BRIGHT, WIDE, depth_of
from convtool.media.video.plan import Plan, plan
from convtool.media.video.read import VideoPart
from convtool.media.video.storage import Storage, storage
from convtool.media.video.timeline import timeline
from convtool.media.video.write import VideoEncoder
from convtool.options.output import VideoOutput


@dataclass(frozen=True)
class VideoEncoding(Storage):
    """How a video is stored, and the encoders for it.

    Attributes:
        plan: what becomes of what the input carries beside its frames.
        memory: an estimate of the bytes that one output holds while it is made.
        notes: what the output cannot carry.
    """

    plan: Plan
    memory: int
    notes: tuple[str, ...]

    @property
    def levels(self) -> Levels:
        """How samples of the result are stored."""
        return self.packed.levels

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> VideoEncoder | FramesEncoder:
        """Begin an output: a video in a file, or images in a folder."""
        if isinstance(place, Path):
            return FramesEncoder(place, self, tiles)
        return VideoEncoder(place, self, self.plan, tiles)

    def check_moments(self, part: VideoPart, stride: int, moments: Sequence[Moment]) -> None:
        """Check that the result can be joined of pieces.

        Args:
            part: the input.
            stride: frames of the input per frame of the result.
            moments: when the frames of the result are shown.

        Raises:
            IndivisibleError: it cannot.
        """
        if self.has_palette:
            raise IndivisibleError("GIF stores what changes from each image to the next")
        if self.container is FOLDER:
            return
        line = timeline(part.header, self.container, stride)
        shown = [line.convert(moment) for moment in moments]
        starts = [*(moment.start for moment in shown), sum(shown[-1])]
        if any(after - before < self.container.least for before, after in pairwise(starts)):
            raise IndivisibleError(f"{self.container.name} has no time for all of its frames")

    def piece(self, place: BinaryIO, tiles: Sequence[Tile]) -> PieceEncoder | FramesPiece:
        """Begin a piece of an output, in a file."""
        if self.container is FOLDER:
            return FramesPiece(place, self, tiles)
        return PieceEncoder(place, self, self.plan, tiles)

    def joiner(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> VideoJoiner | FramesJoiner:
        """Begin an output that is joined of pieces."""
        if isinstance(place, Path):
            return FramesJoiner(place, self, tiles)
        return VideoJoiner(place, self, self.plan, tiles)


def encoding_of(header: Header, carried: Carried, wanted: Wanted) -> VideoEncoding:
    """Return how the result of a video is stored.

    Args:
        header: of the input.
        carried: by the input, beside its frames.
        wanted: what is wanted of the output.

    Raises:
        UsageError: an option does not fit the codec.
        WriteError: the format cannot hold what is wanted.
    """
    if wanted.raw:
        raise WriteError("--normalize none writes raw floats, which no video can hold")
    stored = storage(header, wanted)
    channels = sum(len(tile.channels) for tile in wanted.tiles)
    sample = stored.packed.levels.dtype.itemsize
    frame = math.prod(wanted.size[1:]) * channels * sample
    assert isinstance(wanted.options, VideoOutput)
    beside = plan(carried, stored.container, wanted.options.audio)
    return VideoEncoding(
        **vars(stored),
        plan=beside,
        memory=VIDEO_ENCODED_FRAMES * frame,
        notes=(*_notes(header, stored, wanted.options), *beside.notes),
    )


def _notes(header: Header, stored: Storage, output: Any) -> tuple[str, ...]:
    """Return what an output cannot carry of the frames."""
    notes = (
        _depth_note(header, stored),
        "" if output.pix_fmt else _chroma_note(header, stored),
        _matrix_note(header, stored),
        _aspect_note(header, stored),
        _space_note(header, stored),
        _light_note(header, stored),
    )
    return tuple(note for note in notes if note)


def _depth_note(header: Header, stored: Storage) -> str:
    before = depth_of(av.VideoFormat(header.format))
    after = depth_of(av.VideoFormat(stored.pixel_format))
    if after >= before:
        return ""
    return f"{before}-bit samples stored as {after}-bit by {stored.codec.encoder}"


def _chroma_note(header: Header, stored: Storage) -> str:
    """Return the note that colours are stored at a lower resolution than the input's."""
    if stored.has_palette:
        return "" if header.format == OUTPUT else "each frame reduced to 256 colours"
    before, after = KINDS[header.format], KINDS.get(stored.pixel_format, "")
    coloured = stored.packed.channels == 3 and before != "grey"
    if not coloured or _resolution(after) >= _resolution(before):
        return ""
    full = f"yuv444p{stored.pixel_format.removeprefix('yuv420p').removeprefix('yuv422p')}"
    known = [known.name for known in av.codec.Codec(stored.codec.encoder, "w").video_formats or ()]
    way = f"; --pix-fmt {full} keeps them" if full in known else "; --codec ffv1 keeps them"
    return f"{before} colours stored as {after.removeprefix('YUV ')} by {stored.codec.encoder}{way}"


def _resolution(kind: str) -> int:
    """Return the pixels of 16 that have a colour of their own, by a kind of pixel formats.

    >>> _resolution("YUV 4:2:0"), _resolution("RGB")
    (4, 16)
    """
    return {"YUV 4:1:0": 1, "YUV 4:1:1": 4, "YUV 4:2:0": 4, "YUV 4:2:2": 8, "YUV 4:4:0": 8}.get(
        kind, 16
    )


def _matrix_note(header: Header, stored: Storage) -> str:
    after = stored.colours.space
    if header.colours.space != YCGCO or after not in MATRICES or after == GBR:
        return ""
    return f"colours stored by the matrix {MATRICES[after].name}, not {MATRICES[YCGCO].name}"


def _space_note(header: Header, stored: Storage) -> str:
    """Return the note that nobody can tell colours from those of usual displays."""
    primaries, transfer = header.colours.primaries, header.colours.transfer
    names = [*filter(None, (WIDE.get(primaries), BRIGHT.get(transfer)))]
    container = stored.container
    stated = stored.codec.colours or container.colours or container.aspect
    if stated or not names:
        return ""
    return f"colours are those of {' and '.join(names)}, but {container.muxer} cannot say so"


def _aspect_note(header: Header, stored: Storage) -> str:
    """Return the note that the shape of pixels is lost."""
    if header.aspect in (None, 1):
        return ""
    assert header.aspect is not None
    muxer, encoder = stored.container.muxer, stored.codec.encoder
    shape = f"pixel aspect {header.aspect.numerator}:{header.aspect.denominator}"
    if stored.has_palette:
        return f"{shape} stored roughly, and players of {muxer} ignore it"
    if stored.container.aspect or stored.codec.aspect:
        return ""
    return f"{shape} dropped: {encoder} in {muxer} does not keep it"


def _light_note(header: Header, stored: Storage) -> str:
    if not header.light or header.light.options(stored.codec.encoder):
        return ""
    return f"HDR10 mastering display and content light dropped by {stored.codec.encoder}"

"""Film: what `pipeline` needs to read and write it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import av

from convtool.errors import UsageError, WriteError
from convtool.levels import Levels
from convtool.media import MEDIA, Sink, Tile
from convtool.media.video.formats import FRAMES, Codec, codec_of, container_of
from convtool.media.video.frames import FramesSink
from convtool.media.video.pixel_formats import pixel_format
from convtool.media.video.pixels import depth_of, packed
from convtool.media.video.read import FilmSource
from convtool.media.video.write import FilmSink
from convtool.options.settings import OutputSettings, Settings

__all__ = ["FilmSink", "FilmSource", "FramesSink", "VideoRoom", "container_of"]

ENCODED = 32  # frames that encoders look ahead, most of them in halved chroma
EVEN = (2, 2)  # a size that every pixel format can have


class VideoRoom:
    """The film medium."""

    medium = MEDIA[3]

    def open_source(self, file: BinaryIO, name: str, settings: Settings) -> FilmSource:
        """Open a film."""
        return FilmSource(file, name, settings)

    def stored(
        self, source: Any, part: Any, suffix: str, output: OutputSettings, *, raw: bool
    ) -> Levels:
        """Return the levels of the pixel format that outputs have, which keeps the input's depth where it can."""
        if raw:
            raise WriteError("--normalize none writes raw floats, which no film can hold")
        codec = _codec(suffix, output)
        if codec.encoder == "gif":
            return packed(8, 3).levels
        format = pixel_format(codec, source.header.format, EVEN, 3, output.pix_fmt)
        depth = depth_of(av.VideoFormat(format))
        wanted = depth_of(av.VideoFormat(source.header.format))
        if depth < wanted:
            source.note(f"{wanted}-bit samples stored as {depth}-bit by {codec.encoder}")
        return packed(min(depth, wanted) if suffix == FRAMES and wanted > 8 else depth, 3).levels

    def memory(
        self, source: Any, part: Any, size: Sequence[int], suffix: str, tiles: Sequence[Tile], levels: Levels,
        output: OutputSettings,
    ) -> int:  # fmt: skip
        """Return about how many bytes the frames take that an encoder looks ahead."""
        samples = math.prod(size[1:]) * sum(len(tile.channels) for tile in tiles)
        return ENCODED * samples * levels.dtype.itemsize

    def open_sink(
        self,
        file: BinaryIO | Path,
        suffix: str,
        tiles: Sequence[Tile],
        source: Any,
        levels: Levels,
        output: OutputSettings,
    ) -> Sink:
        """Open a film for writing, or a folder of frames."""
        container, codec = container_of(suffix), _codec(suffix, output)
        if isinstance(file, Path):
            return FramesSink(file, codec, tiles, levels, source)
        return FilmSink(file, container, codec, tiles, levels, source, output)


def _codec(suffix: str, output: OutputSettings) -> Codec:
    """Return the codec of outputs, and refuse options that it has not."""
    codec = codec_of(container_of(suffix), output.codec)
    for name, default, given in (
        ("crf", codec.crf, output.crf),
        ("preset", codec.preset, output.preset),
    ):
        if given is not None and default is None:
            raise UsageError(f"{codec.encoder} has no --{name}")
    if output.preset is not None and output.preset not in codec.presets:
        raise UsageError(
            f"{codec.encoder} has no preset '{output.preset}'",
            hint=f"it has {', '.join(codec.presets)}",
        )
    return codec

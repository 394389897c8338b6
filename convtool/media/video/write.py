"""Write films: encode frames at their times, with the sound and the subtitles of the input beside them."""

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from torch import Tensor

from convtool.convolve.geometry import extent
from convtool.errors import WriteError
from convtool.layers.build import Layer
from convtool.levels import Levels
from convtool.media import Tile
from convtool.media.callbacks import CalledBack
from convtool.media.video.formats import Codec, Container
from convtool.media.video.palette import Palette
from convtool.media.video.pixels import FULL, Colours, Packer, Samples, packed, pixel_format
from convtool.media.video.read import Film, FilmSource, Packet
from convtool.media.video.tracks import Tracks
from convtool.options.settings import OutputSettings

GAP = 4  # pixels between the tiles of a grid
MAX_SIZE = 16384  # of encoders; FFmpeg itself takes more
HIGH = 720  # rows from which on films of no named colours are taken for high definition
RGB, BT709, SMPTE170M = 0, 1, 6  # FFmpeg's numbers of colour spaces
LIMITED = 1  # and of ranges
QSCALE_FLAG, QP_TO_LAMBDA = 2, 118  # AV_CODEC_FLAG_QSCALE, FF_QP2LAMBDA
THREADS = 2  # of libx264, a core
FIRST = 1  # the number of the first picture in a folder


def colours_of(source: FilmSource, codec: Codec, size: Sequence[int], *, rgb: bool) -> Colours:
    """Return what an output's numbers mean: what the input's do, as far as they are of the same kind."""
    colours = source.header.colours
    if rgb:
        return replace(colours, space=RGB, range=FULL)
    if colours.space == RGB:
        colours = replace(colours, space=BT709 if size[0] >= HIGH else SMPTE170M, range=LIMITED)
    return replace(colours, range=FULL) if codec.encoder == "mjpeg" else colours


class Show:
    """Lays tiles side by side.

    Args:
        tiles: what is shown.
        size: height and width of a tile.
    """

    def __init__(self, tiles: Sequence[Tile], size: Sequence[int]) -> None:
        self._tiles, (self._height, self._width) = tiles, size
        self._across = math.ceil(math.sqrt(len(tiles)))
        down = math.ceil(len(tiles) / self._across)
        self.channels = max(len(tile.channels) for tile in tiles)
        self.size = down * (self._height + GAP) - GAP, self._across * (self._width + GAP) - GAP

    def __call__(self, samples: Samples) -> Samples:
        """Return a frame. Shape: (H, W, C) → (H', W', 1 or 3)"""
        if len(self._tiles) == 1:
            channels = list(self._tiles[0].channels)
            return samples if channels == list(range(samples.shape[2])) else samples[..., channels]
        grid = np.zeros((*self.size, self.channels), samples.dtype)
        for place, tile in enumerate(self._tiles):
            top, left = (
                place // self._across * (self._height + GAP),
                place % self._across * (self._width + GAP),
            )
            grid[top : top + self._height, left : left + self._width] = samples[
                ..., list(tile.channels)
            ]
        return grid


class FilmSink:
    """A film file being made.

    Args:
        file: where the bytes go.
        container: its format.
        codec: how pictures are encoded.
        tiles: what is shown; more than one make a grid.
        levels: how samples come.
        source: the input, for its times, sound and metadata.
        output: the quality and pixel format asked for.
    """

    def __init__(
        self,
        file: BinaryIO,
        container: Container,
        codec: Codec,
        tiles: Sequence[Tile],
        levels: Levels,
        source: FilmSource,
        output: OutputSettings,
    ) -> None:
        self._container, self._codec, self._tiles = container, codec, tiles
        self._levels, self._source, self._settings = levels, source, output
        self._calls = CalledBack(file)
        self._film: Any = None

    def begin(self, part: Film, layer: Layer) -> None:
        """Start the film that `layer` makes of another.

        Raises:
            WriteError: the container cannot hold it.
        """
        header, codec = self._source.header, self._codec
        self._show = Show(self._tiles, layer.output_size(part.size)[1:])
        if max(self._show.size) > MAX_SIZE:
            raise WriteError(
                f"frames of {max(self._show.size)} pixels are more than encoders take",
                hint="--split",
            )
        format = pixel_format(
            codec, header.format, self._show.size, self._show.channels, self._settings.pix_fmt
        )
        colours = colours_of(
            self._source, codec, self._show.size, rgb=av.VideoFormat(format).is_rgb
        )
        depth = self._levels.scale.bit_length()
        self._pack = Packer(packed(depth, self._show.channels), format, colours)
        self._times = Pace(part, layer, self._container.ticks)
        with self._translated():
            self._film = av.open(self._calls, "w", format=self._container.muxer)
            if (
                not {codec.encoder, av.codec.Codec(codec.encoder, "w").canonical_name}
                & self._film.supported_codecs
            ):
                raise WriteError(
                    f"{self._container.muxer} cannot hold {codec.encoder}", hint="another --codec"
                )
            self._stream = self._film.add_stream(
                codec.encoder, rate=self._times.rate, options=self._options()
            )
            self._stream.height, self._stream.width = self._show.size
            self._configure(self._stream.codec_context, format, colours)
            self._stream.time_base = self._times.base
            self._film.metadata.update(header.metadata)
            self._tracks = Tracks(self._source, self._film, self._container)
        self._palette = (
            Palette(self._show.size, self._times.base) if codec.encoder == "gif" else None
        )

    def _options(self) -> dict[str, str]:
        """Return the encoder's options."""
        codec, asked, options = self._codec, self._settings, dict(self._codec.options)
        for name, default, given in (
            (codec.quality, codec.crf, asked.crf),
            (codec.speed, codec.preset, asked.preset),
        ):
            if default is not None:
                options[name] = str(default if given is None else given)
        options.pop("qscale", None)
        if (
            codec.encoder == "libx264"
        ):  # by itself it takes 1.5 a core, and waits more for frames that come late
            options["threads"] = str(THREADS * (os.cpu_count() or 1))
        return options

    def _configure(self, context: Any, format: str, colours: Colours) -> None:
        """Say how the encoder shall store frames, and what their numbers mean."""
        context.pix_fmt, context.time_base = (
            "pal8" if self._codec.encoder == "gif" else format,
            self._times.base,
        )
        if self._source.header.aspect:
            context.sample_aspect_ratio = self._source.header.aspect
        context.colorspace, context.color_range = colours.space, colours.range
        context.color_primaries, context.color_trc = colours.primaries, colours.transfer
        if self._codec.quality == "qscale":
            context.flags |= QSCALE_FLAG
            context.global_quality = (self._settings.crf or self._codec.crf or 1) * QP_TO_LAMBDA
        if self._container.muxer == "avi":
            context.max_b_frames = 0  # it has no times for frames out of order
        if self._codec.encoder == "libx265" and self._container.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # what Apple's players look for

    def prepare(self, block: Tensor) -> list[av.VideoFrame]:
        """Return the frames that show all of the layer's results. Shape: (1, C, D, H, W)"""
        with self._translated():
            return [self._prepared(samples) for samples in block[0].permute(1, 2, 3, 0).numpy()]

    def _prepared(self, samples: Samples) -> av.VideoFrame:
        frame = self._pack(self._show(samples))
        frame.pts, frame.time_base = self._times.next(), self._times.base
        return frame if self._palette is None else self._palette(frame)

    def write(self, prepared: list[av.VideoFrame]) -> None:
        """Take the next frames."""
        with self._translated():
            self._calls.calling(self._encode, prepared)

    def _encode(self, frames: Sequence[av.VideoFrame | None]) -> None:
        """Encode frames, or what is left of those before where it is None, and what is beside them."""
        for frame in frames:
            self._film.mux(self._times.lasting(self._stream.encode(frame)))
        self._tracks.write()

    def close(self) -> None:
        """Encode what is left, and complete the file."""
        with self._translated():
            self._calls.calling(self._encode, [None])
            self._calls.calling(self._tracks.close)
            self._calls.calling(self._film.close)

    def drop(self) -> None:
        """Let go of the file."""
        if self._film is not None:
            with contextlib.suppress(
                av.FFmpegError, ValueError, OSError
            ):  # a header may be missing
                self._calls.calling(self._film.close)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, ValueError) as exc:
            what = f"{self._codec.encoder} in {self._container.muxer}"
            raise WriteError(
                f"the film cannot be encoded by {what}: {getattr(exc, 'strerror', None) or exc}",
                hint="another --codec, --crf, --preset or --pix-fmt",
            ) from exc


class Pace:
    """Says when the frames of a result are shown, and how long.

    Args:
        film: the input.
        layer: what filters it; each of its outputs is shown when the frame is that it is centred on.
        ticks: as containers have it.
    """

    def __init__(self, film: Film, layer: Layer, ticks: int | None) -> None:
        self._film, self._made = film, 0
        self._step, self._before = layer.conv.stride[0], layer.ends[0][0]
        self._middle = (extent(layer.conv)[0] - 1) // 2
        self._lengths: dict[int, int] = {}
        self.rate = film.header.rate / self._step
        self.base = (
            1 / self.rate if ticks is None else Fraction(1, ticks) if ticks else film.header.base
        )

    def next(self) -> int:
        """Return when the next frame is shown, in ticks of the output."""
        times, scale = self._film.times, self._film.header.base / self.base
        centre = self._made * self._step - self._before + self._middle
        centre = min(max(0, centre), len(times.shown) - 1)
        self._made += 1
        start = round(times.shown[centre] * scale)
        self._lengths[start] = (
            round((times.shown[centre] + times.lasting[centre] * self._step) * scale) - start
        )
        return start

    def lasting(self, packets: Sequence[Packet]) -> Iterator[Packet]:
        """Yield packets with the time that their frames are shown."""
        for packet in packets:
            length = self._lengths.pop(packet.pts, 0)
            if length:
                packet.duration = length
            yield packet


class FramesSink:
    """A folder of numbered PNG pictures being made.

    Args:
        folder: where they go.
        codec: how they are encoded.
        tiles: what is shown; more than one make a grid.
        levels: how samples come.
        source: the input.
    """

    def __init__(
        self, folder: Path, codec: Codec, tiles: Sequence[Tile], levels: Levels, source: FilmSource
    ) -> None:
        self._folder, self._codec, self._tiles = folder, codec, tiles
        self._levels, self._source, self._number = levels, source, FIRST

    def begin(self, part: Film, layer: Layer) -> None:
        """Start the pictures that `layer` makes of a film."""
        self._show = Show(self._tiles, layer.output_size(part.size)[1:])
        header, channels = self._source.header, self._show.channels
        format = pixel_format(self._codec, header.format, self._show.size, channels, None)
        self._pack = Packer(
            packed(self._levels.scale.bit_length(), channels), format, Colours(RGB, FULL)
        )
        encoder: Any = av.CodecContext.create(self._codec.encoder, "w")
        encoder.height, encoder.width = self._show.size
        encoder.pix_fmt, encoder.time_base = format, 1 / header.rate
        self._encoder = encoder
        encoder.options = {"compression_level": "1"}  # as pictures have it

    def prepare(self, block: Tensor) -> list[av.VideoFrame]:
        """Return the frames that show all of the layer's results. Shape: (1, C, D, H, W)"""
        return [self._pack(self._show(samples)) for samples in block[0].permute(1, 2, 3, 0).numpy()]

    def write(self, prepared: list[av.VideoFrame]) -> None:
        """Take the next frames."""
        for frame in prepared:
            frame.pts = self._number
            self._store(self._encoder.encode(frame))

    def close(self) -> None:
        """Write what is left."""
        self._store(self._encoder.encode(None))

    def drop(self) -> None:
        """There is no file to let go of."""

    def _store(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            (self._folder / f"{self._number:06}.png").write_bytes(bytes(packet))
            self._number += 1

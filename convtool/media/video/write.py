"""Write films: encode frames at their times, with the sound and the subtitles of the input beside them."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import av
from torch import Tensor

from convtool.errors import WriteError
from convtool.layers.build import Layer
from convtool.levels import Levels
from convtool.media import Tile
from convtool.media.callbacks import CalledBack
from convtool.media.video.formats import Codec, Container
from convtool.media.video.palette import Palette
from convtool.media.video.pixel_formats import pixel_format
from convtool.media.video.pixels import FULL, Colours, Packer, Samples, packed
from convtool.media.video.read import Film, FilmSource
from convtool.media.video.tiles import Show
from convtool.media.video.timeline import Pace
from convtool.media.video.tracks import Tracks
from convtool.options.settings import OutputSettings

MAX_SIZE = 16384  # of encoders; FFmpeg itself takes more
HIGH = 720  # rows from which on films of no named colours are taken for high definition
RGB, BT709, SMPTE170M = 0, 1, 6  # FFmpeg's numbers of colour spaces
LIMITED = 1  # and of ranges
QSCALE_FLAG, QP_TO_LAMBDA = 2, 118  # AV_CODEC_FLAG_QSCALE, FF_QP2LAMBDA
THREADS = 2  # of libx264, a core


def colours_of(source: FilmSource, codec: Codec, size: Sequence[int], *, rgb: bool) -> Colours:
    """Return what an output's numbers mean: what the input's do, as far as they are of the same kind."""
    colours = source.header.colours
    if rgb:
        return replace(colours, space=RGB, range=FULL)
    if colours.space == RGB:
        colours = replace(colours, space=BT709 if size[0] >= HIGH else SMPTE170M, range=LIMITED)
    return replace(colours, range=FULL) if codec.encoder == "mjpeg" else colours


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

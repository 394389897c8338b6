"""Decide how an output is stored: container, codec, pixel format, size of a frame and colours."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import av

from convtool import cores
from convtool.errors import UsageError, WriteError
from convtool.media.contract import Wanted
from convtool.media.grid import grid_size
from convtool.media.video.accepted import BT470BG, GBR, UNSPECIFIED, YCGCO
from convtool.media.video.containers import FOLDER, Container
from convtool.media.video.formats import Codec, codec_of, container_of
from convtool.media.video.header import Header
from convtool.media.video.palette import INPUT, OUTPUT
from convtool.media.video.pixel_formats import pixel_format
from convtool.media.video.pixels import (
    FULL,
    LIMITED,
    Colours,
    Packed,
    depth_of,
    packed,
)
from convtool.options.output import VideoOutput

MAX_SIZE = 16384  # pixels; encoders refuse more, FFmpeg itself does not
THREADS = 2  # of libx264 per core: its default of 1.5 waits longer for frames that come late
LEAST_DEPTH = 8  # bits per sample


@dataclass(frozen=True)
class Storage:
    """How a video is stored.

    Attributes:
        container: the container.
        codec: the codec of its frames.
        options: of the encoder.
        pixel_format: of encoded frames.
        packed: how samples come to the encoder.
        colours: what the numbers of its frames mean.
        size: height and width of a frame.
    """

    container: Container
    codec: Codec
    options: Mapping[str, str]
    pixel_format: str
    packed: Packed
    colours: Colours
    size: tuple[int, int]

    @property
    def has_palette(self) -> bool:
        """True where each frame is reduced to colours of a palette."""
        return self.pixel_format == OUTPUT

    @property
    def frame_format(self) -> str:
        """The pixel format into which samples are packed."""
        return INPUT if self.has_palette else self.pixel_format


def storage(header: Header, wanted: Wanted) -> Storage:
    """Return how a result is stored, nearest to how the input is.

    Args:
        header: of the input.
        wanted: what is wanted of the output.

    Raises:
        UsageError: an option does not fit the codec.
        WriteError: the container cannot hold the codec, or the frames are too large.
    """
    output = wanted.options
    assert isinstance(output, VideoOutput)
    container = container_of(wanted.suffix)
    codec = codec_of(container, output.codec)
    options = _encoder_options(codec, output)
    for name, value in header.light.options(codec.encoder).items():
        options[name] = ":".join(filter(None, (options.get(name), value)))
    _refuse_codec(container, codec)

    height, width = wanted.size[1:]
    size = grid_size(len(wanted.tiles), height, width)
    if container is not FOLDER and max(size) > MAX_SIZE:
        raise WriteError(
            f"frames of {max(size)} pixels exceed the {MAX_SIZE} that encoders take",
            hint="--split",
        )
    channels = max(len(tile.channels) for tile in wanted.tiles)
    format = pixel_format(codec, header.format, size, channels, output.pix_fmt)
    rgb = format == OUTPUT or av.VideoFormat(format).is_rgb
    return Storage(
        container,
        codec,
        options,
        format,
        packed(_depth(container, header, format), channels),
        _colours(header.colours, container, codec, size, rgb=rgb),
        size,
    )


def _depth(container: Container, header: Header, format: str) -> int:
    """Return the bits per sample of a result; PNG stores those between 8 and 16 as 16."""
    depth = max(LEAST_DEPTH, depth_of(av.VideoFormat(format)))
    source = depth_of(av.VideoFormat(header.format))
    return min(depth, source) if container is FOLDER and source > LEAST_DEPTH else depth


def _encoder_options(codec: Codec, output: VideoOutput) -> dict[str, str]:
    """Return the encoder's options; those that it does not have have no effect."""
    options = dict(codec.options)
    if codec.crf is not None:
        if output.crf is not None and output.crf > codec.worst:
            raise UsageError(
                f"--crf for {codec.encoder} takes 0 to {codec.worst}, not {output.crf}"
            )
        quality = max(codec.best, codec.crf if output.crf is None else output.crf)
        options |= dict.fromkeys(codec.quality, str(quality))
    if codec.preset is not None:
        if output.speed is not None and output.speed not in codec.presets:
            raise UsageError(
                f"--speed for {codec.encoder} takes one of its presets, not '{output.speed}'",
                hint=f"available: {', '.join(codec.presets)}",
            )
        options[codec.speed] = output.speed or codec.preset
    if codec.encoder == "libx264":
        options["threads"] = str(THREADS * cores.count())
    return options


def _refuse_codec(container: Container, codec: Codec) -> None:
    """Check that a container can hold a codec."""
    names = {codec.encoder, av.codec.Codec(codec.encoder, "w").canonical_name}
    if not names & _codecs_of(container):
        raise WriteError(f"{container.name} cannot hold {codec.encoder}", hint="another --codec")


@cache
def _codecs_of(container: Container) -> frozenset[str]:
    """Return FFmpeg's names of the codecs that a container can hold."""
    if container is FOLDER:
        return frozenset({container.codec})
    with av.open(io.BytesIO(), "w", format=container.muxer) as output:
        return frozenset(output.supported_codecs)


def _colours(
    colours: Colours, container: Container, codec: Codec, size: Sequence[int], *, rgb: bool
) -> Colours:
    """Return what an output's numbers mean: the same as the input's where it can say so."""
    if rgb:
        return replace(colours, space=GBR, range=FULL)
    if codec.encoder == "mjpeg":  # as JPEG is read, whatever a container states
        return replace(colours, space=BT470BG, range=FULL)
    if not (codec.colours or container.colours):  # as it is read where nothing is stated
        return replace(colours, space=UNSPECIFIED, range=LIMITED)
    if colours.space in (GBR, YCGCO):
        return replace(colours, space=Colours().matrix(*size), range=LIMITED)
    return colours

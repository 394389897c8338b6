"""Choose an output's pixel format: the input's where the encoder can, else the nearest."""

from collections.abc import Sequence

import av

from convtool.errors import UsageError
from convtool.media.video.formats import Codec
from convtool.media.video.palette import OUTPUT
from convtool.media.video.pixels import channels_of, depth_of, has_alpha


def pixel_format(
    codec: Codec, source: str, size: Sequence[int], channels: int, asked: str | None
) -> str:
    """Return the pixel format that an encoder is given.

    Args:
        codec: the encoder.
        source: the input's pixel format, kept where the codec has it and nothing speaks against it.
        size: height and width of a frame.
        channels: 1 for grey, 3 for colour.
        asked: a pixel format by its name, or None.

    Raises:
        UsageError: the codec does not have the one that is asked for.
    """
    known = [format.name for format in av.codec.Codec(codec.encoder, "w").video_formats or ()]
    if asked is not None:
        if asked not in known:
            raise UsageError(
                f"{codec.encoder} has no pixel format '{asked}'",
                hint=f"available: {' '.join(known)}",
            )
        return asked
    fitting = [name for name in known if not (codec.even and _is_odd(name, size))]
    for name in _preferred(codec, source.replace("yuvj", "yuv"), channels):
        if name in fitting:
            return name
    return (fitting or known)[0]


def _preferred(codec: Codec, source: str, channels: int) -> list[str]:
    """Return pixel formats, the best first."""
    if codec.encoder == "gif":
        return [OUTPUT]
    format = av.VideoFormat(source)
    depth = depth_of(format)
    if codec.lossless:
        return _lossless(depth, channels)
    usual = ["yuv420p", "yuv444p"]
    if depth > 8:
        usual = [
            f"yuv420p{depth}le",
            f"yuv444p{depth}le",
            "yuv420p10le",
            "yuv444p10le",
            *usual,
        ]
    converted = format.is_rgb or channels_of(format) == 1 or has_alpha(source)
    return usual if converted else [source, *usual]


def _lossless(depth: int, channels: int) -> list[str]:
    """Return pixel formats that keep red, green and blue, or grey, the best first."""
    if channels == 1:
        if depth == 8:
            return ["gray", "gray16be"]
        return [f"gray{depth}le", "gray16le", "gray16be"]
    if depth == 8:
        return ["rgb24", "bgr0"]
    return [f"gbrp{depth}le", "gbrp16le", "rgb48be"]


def _is_odd(format: str, size: Sequence[int]) -> bool:
    """Return whether a size cannot be halved where a pixel format halves its chroma."""
    height, width = size
    even = av.VideoFormat(format, 2, 2)
    halves_rows = even.chroma_height(2) == 1
    halves_columns = even.chroma_width(2) == 1
    return bool((height % 2 and halves_rows) or (width % 2 and halves_columns))

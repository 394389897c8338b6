"""Choose the pixel format of an output."""

from collections.abc import Sequence

import av

from convtool.errors import UsageError
from convtool.media.video.formats import Codec
from convtool.media.video.pixels import channels_of, depth_of, has_alpha


def pixel_format(
    codec: Codec, source: str, size: Sequence[int], channels: int, asked: str | None
) -> str:
    """Return the pixel format that an encoder should be given.

    Args:
        codec: the encoder.
        source: the input's pixel format, kept where the codec can and nothing speaks against it.
        size: height and width.
        channels: 1 for grey, 3 for colour.
        asked: the one that is asked for.

    Raises:
        UsageError: the codec has not what is asked for.
    """
    known = [format.name for format in av.codec.Codec(codec.encoder, "w").video_formats or ()]
    if asked is not None:
        if asked not in known:
            raise UsageError(
                f"{codec.encoder} has no pixel format '{asked}'", hint=f"it has {' '.join(known)}"
            )
        return asked
    depth = depth_of(av.VideoFormat(source))
    for name in _wishes(codec, source.replace("yuvj", "yuv"), depth, channels):
        if name in known and not (codec.even and _odd(name, size)):
            return name
    fits = [name for name in known if not (codec.even and _odd(name, size))]
    return (fits or known)[0]


def _wishes(codec: Codec, source: str, depth: int, channels: int) -> list[str]:
    """Return pixel formats, the best first."""
    if codec.lossless:
        if channels == 1:
            return (
                ["gray", "gray16be"] if depth == 8 else [f"gray{depth}le", "gray16le", "gray16be"]
            )
        return ["rgb24", "bgr0"] if depth == 8 else [f"gbrp{depth}le", "gbrp16le", "rgb48be"]
    plain = (
        av.VideoFormat(source).is_rgb
        or channels_of(av.VideoFormat(source)) == 1
        or has_alpha(source)
    )
    kept = [] if plain else [source]
    deep = (
        [f"yuv420p{depth}le", f"yuv444p{depth}le", "yuv420p10le", "yuv444p10le"]
        if depth > 8
        else []
    )
    return [*kept, *deep, "yuv420p", "yuv444p"]


def _odd(format: str, size: Sequence[int]) -> bool:
    """Return whether a size cannot be halved as a pixel format's chroma is."""
    height, width = size
    even = av.VideoFormat(format, 2, 2)
    return bool(
        (height % 2 and even.chroma_height(2) == 1) or (width % 2 and even.chroma_width(2) == 1)
    )

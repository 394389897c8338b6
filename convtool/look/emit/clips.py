"""The lines of Python that read the frames of a video and write those of its result, by PyAV."""

from fractions import Fraction
from typing import TYPE_CHECKING

import av

from convtool.look.emit.given import Given, Lines
from convtool.media.video.accepted import MATRICES
from convtool.media.video.encoding import VideoEncoding
from convtool.media.video.orientation import Orientation

if TYPE_CHECKING:
    from convtool.media.video.pixels import Colours

ANY = 5  # swscale's number of a matrix where none is used


def clip_lines(given: Given) -> Lines:
    """Return the lines for a video of 8 bits, all of whose frames are in memory at once.

    Raises:
        UsageError: it is another, or its frames are turned or left out.
    """
    encoding, header = given.work.encoding, getattr(given.work.source, "header", None)
    if given.part.levels.scale != 255 or given.stored.scale != 255 or header is None:
        raise given.refusal(f"samples of {given.part.levels}, expected frames of 8 bits")
    if not isinstance(encoding, VideoEncoding) or encoding.has_palette:
        raise given.refusal(f"{given.suffix} is no container of frames")
    if header.orientation != Orientation():
        raise given.refusal("its frames are stored turned or mirrored")
    if given.work.placement.size[0] != given.part.size[0]:
        raise given.refusal("the result has another number of frames")
    grey, whole = len(given.part.channels) == 1, given.layer.channels == 1
    reading = (
        f"format={'gray' if grey else 'rgb24'!r}, src_colorspace={_matrix(given, header.colours)}, "
        "interpolation='BILINEAR', dst_color_range='JPEG'"
    )
    axes = "[None, None]" if grey else ".transpose(3, 0, 1, 2)[None]"
    read = [
        f"with av.open({given.input!r}) as source:",
        "    frames = list(source.decode(video=0))",
        f"shown = [frame.reformat({reading}).to_ndarray() for frame in frames]",
        f"x = np.float32(np.stack(shown)){axes} / 255",
    ]
    colours, format = encoding.colours, encoding.pixel_format
    full = av.VideoFormat(format).is_rgb or format.startswith("gray") or colours.range == 2
    writing = (
        f"format={format!r}, dst_colorspace={_matrix(given, colours)}, interpolation='AREA', "
        f"src_color_range='JPEG', dst_color_range={'JPEG' if full else 'MPEG'!r}"
    )
    options = {name: value for name, value in encoding.options.items() if name != "threads"}
    height, width = encoding.size
    rate = Fraction(header.rate).limit_denominator(1001)
    packed = "gray" if whole else "rgb24"
    write = [
        f"with av.open({given.input!r}) as source, av.open({given.output!r}, 'w') as target:",
        f"    stream = target.add_stream({encoding.codec.encoder!r}, {rate!r}, {options!r})",
        f"    stream.width, stream.height, stream.pix_fmt = {width}, {height}, {format!r}",
        "    context = stream.codec_context",
        "    context.time_base = frames[0].time_base",
        f"    context.colorspace, context.color_range = {int(colours.space)}, {int(colours.range)}",
        "    sounds = source.streams.audio",
        "    copies = {each.index: target.add_stream_from_template(each) for each in sounds}",
        "    for frame, pixels in zip(frames, y, strict=True):",
        f"        made = av.VideoFrame.from_ndarray(pixels, format={packed!r})",
        f"        made = made.reformat({writing})",
        "        made.pts, made.time_base = frame.pts, frame.time_base",
        "        target.mux(stream.encode(made))",
        "    target.mux(stream.encode(None))",
        "    for packet in source.demux(sounds) if sounds else ():",
        "        if packet.dts is not None:",
        "            packet.stream = copies[packet.stream.index]",
        "            target.mux(packet)",
    ]
    taken = "y = np.ascontiguousarray(y[0])" if whole else ""
    order = taken or "y = np.ascontiguousarray(y.transpose(1, 2, 3, 0))"
    return (
        ["from fractions import Fraction", "import av", "import numpy as np"],
        read,
        [order, *write],
    )


def _matrix(given: Given, colours: "Colours") -> int:
    """Return swscale's number of the matrix of luma and chroma."""
    return MATRICES[colours.matrix(*given.part.size[1:])].swscale or ANY

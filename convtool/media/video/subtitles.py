"""Convert subtitles that are text from one format to another."""

import html
import re
from typing import Any

import av

from convtool.media.video.demux import Packet
from convtool.media.video.window import Window

MOV_TEXT = "mov_text"
ASS_FIELDS = 8  # before the text of a line
ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
    b"Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, "
    b"Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
LENGTH = 2  # bytes before the text of MP4's subtitles
LONGEST = 2 ** (8 * LENGTH) - 1
BRACES = re.compile(r"\{[^}]*\}")
MARKUP = re.compile(r"</?[a-zA-Z][^>]*>")


class Retext:
    """A track of subtitles that are converted.

    Args:
        output: PyAV's output container.
        stream: the output's stream.
        before: FFmpeg's name of their format in the input.
        after: that in the output.
        window: the part of the input that is shown.
    """

    def __init__(self, output: Any, stream: Any, before: str, after: str, window: Window) -> None:
        self._output, self._stream, self._window = output, stream, window
        self._before, self._after = before, after

    def take(self, packet: Packet) -> None:
        """Write the text of a packet, if it has some."""
        text = plain_text(bytes(packet), self._before) if packet.size else ""
        if not text or packet.pts is None or self._window.skips(packet):
            return
        copy: Packet = av.Packet(packed_text(text, self._after))
        shift = round(self._window.offset / packet.time_base)
        copy.time_base, copy.duration = packet.time_base, packet.duration
        copy.pts = copy.dts = packet.pts - shift
        copy.stream = self._stream
        self._output.mux(copy)

    def close(self) -> None:
        """Do nothing: nothing is held."""


def text_stream(output: Any, codec: str) -> Any:
    """Return a new stream of an output for subtitles that are text."""
    if codec != MOV_TEXT:
        return output.add_mux_stream(codec)
    stream = output.add_stream(codec)
    stream.codec_context.subtitle_header = ASS_HEADER  # its encoder describes the stream by this
    stream.codec_context.open()
    return stream


def plain_text(data: bytes, codec: str) -> str:
    r"""Return the text of a packet, without styles.

    >>> plain_text(b"1,0,Default,,0,0,0,,{\\i1}Hello\\NWorld", "ass")
    'Hello\nWorld'
    """
    if codec == MOV_TEXT:
        data = data[LENGTH : LENGTH + int.from_bytes(data[:LENGTH], "big")]
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").strip("\0\n")
    if codec in ("ass", "ssa"):
        text = text.split(",", ASS_FIELDS)[-1]
        return BRACES.sub("", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    if codec == "webvtt":
        return html.unescape(MARKUP.sub("", text))
    return BRACES.sub("", MARKUP.sub("", text)) if codec != MOV_TEXT else text


def packed_text(text: str, codec: str) -> bytes:
    """Return text as a packet."""
    if codec == "webvtt":
        text = html.escape(text, quote=False)
    data = text.encode()
    if codec != MOV_TEXT:
        return data
    data = data[:LONGEST]
    return len(data).to_bytes(LENGTH, "big") + data

"""The metadata that FFmpeg reads, with our names."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.container import InputContainer
from av.stream import Disposition

from convtool.media.audio.metadata.model import Chapter, Metadata, Picture, Tag
from convtool.media.audio.metadata.vorbis import canonical

NAMES = {"TMPO": "BPM", "TSRC": "ISRC", "SOFTWARE": "ENCODER", "WM/YEAR": "DATE", "YEAR": "DATE"}
# What containers say of themselves.
TECHNICAL = {
    "MAJOR_BRAND",
    "MINOR_VERSION",
    "COMPATIBLE_BRANDS",
    "HANDLER_NAME",
    "VENDOR_ID",
    "DURATION",
    "ITUNSMPB",
    "DEVICECONFORMANCETEMPLATE",
    "WMFSDKNEEDED",
    "WMFSDKVERSION",
    "ISVBR",
}
MIMES = {"png": "image/png", "mjpeg": "image/jpeg", "bmp": "image/bmp", "gif": "image/gif"}
KINDS = {  # FFmpeg's names of what a picture shows, by the numbers of ID3
    "Other": 0,
    "32x32 pixels 'file icon'": 1,
    "Other file icon": 2,
    "Cover (front)": 3,
    "Cover (back)": 4,
    "Leaflet page": 5,
    "Media (e.g. label side of CD)": 6,
    "Lead artist/lead performer/soloist": 7,
    "Artist/performer": 8,
}
FRONT = 3


def read_metadata(container: InputContainer) -> Metadata:
    """Return the tags, pictures and chapters of a container and its first audio track."""
    track = container.streams.audio[0]
    tags = dict(_tags(track.metadata)) | dict(_tags(container.metadata))
    language = track.metadata.get("language", "und")
    if language != "und":
        tags.setdefault("LANGUAGE", language)
    return Metadata(tuple(tags.items()), tuple(_pictures(container)), tuple(_chapters(container)))


def _tags(metadata: dict[str, str]) -> Iterator[Tag]:
    for key, value in metadata.items():
        name = canonical(key)
        name = "LYRICS" if name.startswith("LYRICS-") else NAMES.get(name, name)
        if name not in TECHNICAL and name != "LANGUAGE" and not name.startswith("ID3V2_PRIV"):
            yield name, value


def _pictures(container: InputContainer) -> Iterator[Picture]:
    """Yield the attached pictures; their packets come first."""
    covers = [stream for stream in container.streams.video if _is_cover(stream)]
    if not covers:
        return
    left = {stream.index: stream for stream in covers}
    for packet in container.demux(covers):
        stream = left.pop(packet.stream.index, None)
        if stream is not None and packet.size:
            kind = KINDS.get(stream.metadata.get("comment", ""), FRONT)
            text = stream.metadata.get("title", "")
            yield Picture(bytes(packet), MIMES[stream.codec_context.name], kind, text)
        if not left:
            return


def _is_cover(stream: av.VideoStream) -> bool:
    attached = bool(stream.disposition & Disposition.attached_pic)
    return attached and stream.codec_context is not None and stream.codec_context.name in MIMES


def _chapters(container: InputContainer) -> Iterator[Chapter]:
    for chapter in container.chapters():
        base = chapter["time_base"] or Fraction(1, av.time_base)
        start, end = float(chapter["start"] * base), float(chapter["end"] * base)
        yield Chapter(start, end, chapter["metadata"].get("title", ""))

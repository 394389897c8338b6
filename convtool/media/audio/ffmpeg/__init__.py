"""The format family of FFmpeg: audio that libsndfile does not read, and the audio of videos."""

from typing import BinaryIO

from convtool.media.audio.family import Family, Signature
from convtool.media.audio.streams import AudioDecoder


def _open(file: BinaryIO, name: str) -> AudioDecoder:
    from convtool.media.audio.ffmpeg.decoder import TrackDecoder  # noqa: PLC0415  # imports av

    return TrackDecoder(file, name)


FFMPEG = Family(
    "FFmpeg",
    suffixes=(".m4a", ".aac", ".ac3", ".wma", ".mka"),
    signatures=(
        Signature(b"ftyp", offset=4),  # MP4, M4A, MOV
        Signature(b"\x1a\x45\xdf\xa3"),  # Matroska, WebM: EBML
        Signature(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # WMA, ASF
    ),
    open=_open,
)

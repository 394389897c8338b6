"""The format families of FFmpeg: MP3, and what libsndfile does not read, as the audio of videos."""

from typing import BinaryIO

from convtool.media.audio.family import Family, Signature
from convtool.media.audio.streams import AudioDecoder


def _open(file: BinaryIO, name: str) -> AudioDecoder:
    from convtool.media.audio.ffmpeg.decoder import TrackDecoder  # noqa: PLC0415  # imports av

    return TrackDecoder(file, name)


def _open_mpeg(file: BinaryIO, name: str) -> AudioDecoder:
    from convtool.media.audio.ffmpeg.mpeg import MpegDecoder  # noqa: PLC0415  # imports av

    return MpegDecoder(file, name)


MPEG = Family(
    "MP3",
    suffixes=(".mp3",),
    signatures=(
        Signature(b"ID3"),
        *(Signature(bytes([0xFF, second])) for second in (0xE2, 0xE3, *range(0xF2, 0xF8))),
        *(Signature(bytes([0xFF, second])) for second in range(0xFA, 0x100)),
    ),
    open=_open_mpeg,
    strict=True,
)
FFMPEG = Family(
    "FFmpeg",
    suffixes=(".m4a", ".aac", ".ac3", ".wma", ".mka"),
    signatures=(
        Signature(b"ftyp", offset=4),  # MP4, M4A, MOV
        Signature(b"\x1a\x45\xdf\xa3"),  # Matroska, WebM: EBML
        Signature(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # WMA, ASF
        Signature(b"\xff\xf1"),  # AAC: ADTS
        Signature(b"\xff\xf9"),
        Signature(b"\x0b\x77"),  # AC-3
        Signature(b"\x7f\xfe\x80\x01"),  # DTS
        Signature(b"wvpk"),
        Signature(b"TTA1"),
        Signature(b"MAC "),
        Signature(b"#!AMR"),
        Signature(b"FLV\x01"),
        Signature(b"\0\0\x01\xba"),  # MPEG program stream
    ),
    open=_open,
)

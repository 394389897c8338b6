"""Decode JPEG by libjpeg-turbo, whose warnings are faults here.

libjpeg fills what it cannot decode with grey and warns; nothing of that passes unsaid.
"""

import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image

from convtool.errors import ReadError
from convtool.media.image.formats.jpeg.markers import payload_at
from convtool.media.image.formats.jpeg.segments import Segments, minimal, minimal_head
from convtool.media.image.modes import plain
from convtool.media.image.pillow import shared_settings
from convtool.media.image.reader import ImageInput, decoding
from convtool.media.image.samples import Pixels, Samples
from convtool.media.policies import refuse_damaged, refuse_truncated
from convtool.media.window import window

# What is known to be decoded right (T.81, table B.1): baseline, extended, progressive and lossless
# Huffman, and the first three of arithmetic coding.
PROCESSES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
SEQUENTIAL = {0xC0, 0xC1}  # Huffman
SAMPLINGS = {(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)}  # of TurboJPEG, before those of 1×1
PRECISION = 8
CMYK = 4
MODES = {1: "GRAY", 3: "RGB", CMYK: "CMYK"}  # simplejpeg's, by the number of components
TRANSFORMS = {1: {None, 0, 1, 2}, 3: {None, 0, 1}, CMYK: {None, 0, 2}}  # Adobe's, that are known

TRUNCATED = re.compile(r"[Pp]remature end|end of JPEG")
UNSUPPORTED = re.compile(r"[Uu]nsupported|not (supported|implemented|compiled)|Sorry")
HEADER = re.compile(r"extraneous bytes|JFIF revision|ICC marker|Adobe color|SOS parameters")
# What libjpeg reports of coded data, and what it means.
FAULTS = {
    r"bad (Huffman|arithmetic) code": "the image data hold an invalid code",
    r"instead of RST": "its restart markers are out of order",
    r"extraneous bytes": "the image data hold stray bytes",
    r"progression": "its scans are out of order",
    r"Huffman table": "a Huffman table is damaged or missing",
    r"[Qq]uantization table": "a quantization table is damaged or missing",
}


def check(file: ImageInput, segments: Segments) -> None:
    """Check that images of this kind are decoded right.

    Raises:
        ValueError: they are not.
    """
    frame = segments.frame
    count = len(frame.components)
    if frame.marker not in PROCESSES:
        raise ValueError("hierarchical and differential JPEG is not supported")
    if frame.precision != PRECISION:
        raise ValueError(f"JPEG of {frame.precision} bits is not supported, 8 bits are")
    if count not in MODES:
        raise ValueError(f"JPEG of {count} components is not supported, 1, 3 and 4 are")
    if segments.adobe not in TRANSFORMS[count]:
        file.note(f"the colour transform {segments.adobe} is not known, the usual one assumed")


def decode(file: ImageInput, data: bytes, segments: Segments, profile: bytes | None) -> Pixels:
    """Return the image.

    Args:
        file: where faults are noted.
        data: the file.
        segments: its parts.
        profile: its colour profile, by which CMYK is converted.

    Raises:
        ReadError: it is damaged, and that is not tolerated.
    """
    if segments.missing:
        refuse_truncated(file, file.name, segments.missing, file.reading)
    samples = _samples(file, data, segments)
    if len(segments.frame.components) != CMYK:
        return Pixels(samples)
    # Inks are stored inverted, as Photoshop writes them; libvips and FFmpeg assume it as well.
    image = Image.fromarray(255 - samples, "CMYK")
    if profile:
        image.info["icc_profile"] = profile
    return Pixels(np.array(plain(image, colour=False)))


def _samples(file: ImageInput, data: bytes, segments: Segments, *, small: bool = False) -> Samples:
    """Return samples by a strict decoder, and by one that is not where faults are tolerated.

    Args:
        file: where faults are noted.
        data: the file.
        segments: its parts.
        small: reduce the image to an eighth, which takes as long a look at its data.
    """
    mode = MODES[len(segments.frame.components)]
    try:
        return _turbo(data, mode, small=small)
    except ValueError as exc:
        fault = str(exc)
    if "subsampling level" in fault:
        return _by_pillow(file, data, segments)
    plain_data = minimal(data, segments)
    if HEADER.search(fault):  # the fault may be outside what the pixels need
        try:
            return _turbo(plain_data, mode, small=small)
        except ValueError as exc:
            fault = str(exc)
    _refuse(file, fault)
    try:
        return _turbo(plain_data, mode, strict=False)
    except ValueError as exc:
        raise ReadError(f"{file.name}: damaged: {_words(str(exc))}") from exc


def can_stream(file: ImageInput, data: bytes, segments: Segments) -> bool:
    """Return whether `rows` can decode an image.

    It needs one scan of all components without an end that is missing, sampled as TurboJPEG knows
    it; what is damaged, and allowed to be, is decoded by libraries that tolerate it.
    """
    frame = segments.frame
    first, *others = frame.components
    plain = {(one.horizontal, one.vertical) for one in others} <= {(1, 1)}
    known = (first.horizontal, first.vertical) in SAMPLINGS or not others
    scan, _ = payload_at(data, segments.scan + 2)
    together = frame.marker in SEQUENTIAL and scan[:1] == bytes([len(frame.components)])
    whole = segments.end is not None and not file.reading.allow_truncated
    return len(others) in (0, 2) and plain and known and together and whole


def verify(file: ImageInput, data: bytes, segments: Segments) -> None:
    """Look at all data of an image before its rows are decoded.

    libvips tells nothing of faults in the last rows and behind them; TurboJPEG does.

    Raises:
        ReadError: it is damaged.
    """
    _samples(file, data, segments, small=True)


def rows(file: ImageInput, data: bytes, segments: Segments, length: int) -> Iterator[Pixels]:
    """Yield an image in bands, for which `can_stream` holds.

    Args:
        file: the file, whose image was verified.
        data: its bytes.
        segments: its parts.
        length: rows of a band.
    """
    import pyvips  # noqa: PLC0415  # takes 90 ms; only large JPEG needs it

    head, start = minimal_head(data, segments)
    stream = window(file.stream, start - len(head), len(data), head)
    source = pyvips.SourceCustom()
    source.on_read(stream.read)
    source.on_seek(stream.seek)
    image = pyvips.Image.jpegload_source(source, access="sequential", fail_on="warning")
    region = pyvips.Region.new(image)
    height, width = segments.frame.height, segments.frame.width
    for row in range(0, height, length):
        found = np.frombuffer(region.fetch(0, row, width, min(length, height - row)), np.uint8)
        yield Pixels(found.reshape(-1, width, image.bands))


def _turbo(data: bytes, mode: str, *, strict: bool = True, small: bool = False) -> Samples:
    import simplejpeg  # noqa: PLC0415  # only JPEG needs it

    least = int(small)  # of the size, whatever the factor; 0 is the whole size
    samples: Samples = simplejpeg.decode_jpeg(
        data,
        mode,
        fastdct=False,
        fastupsample=False,
        strict=strict,
        min_height=least,
        min_width=least,
    )
    return samples


def _by_pillow(file: ImageInput, data: bytes, segments: Segments) -> Samples:
    """Return samples that are sampled in ways that TurboJPEG does not know, and libjpeg does."""
    sampling = segments.frame.sampling
    file.note(f"components are sampled {sampling}: damage of the image data is not noticed")
    with decoding(file.name), shared_settings(truncated=file.reading.allow_truncated):
        image = Image.open(io.BytesIO(minimal(data, segments)), formats=["JPEG"])
        image.load()
    samples: Samples = np.array(image)
    if image.mode == "CMYK":
        return 255 - samples  # Pillow has inverted them
    return samples.reshape(*samples.shape[:2], -1)


def _refuse(file: ImageInput, fault: str) -> None:
    if UNSUPPORTED.search(fault):
        raise ValueError("JPEG of this kind is not supported")
    if TRUNCATED.search(fault):
        refuse_truncated(file, file.name, "the image data ends early", file.reading)
    else:
        refuse_damaged(file, file.name, _words(fault), file.reading)


def _words(fault: str) -> str:
    found = (words for pattern, words in FAULTS.items() if re.search(pattern, fault))
    return next(found, "the image data are invalid")

"""Real and malformed media: each file is filtered or refused with one of a few messages."""

import re
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from PIL import Image

from convtool.media.image.formats import WRITABLE

REFUSALS = re.compile(
    r"error: .*: (the file is empty|not an image of a known format|the image cannot be read: .+"
    r"|\d+×\d+ pixels exceed the limit of \d+ pixels|(truncated|damaged): .+"
    r"|(1 sample is|\d+ samples are) NaN or infinite|samples of type \w+ are not supported"
    r"|no image format is known by '.*')|error: .* is (an audio file|a video)$"
)
# Damaged files that must be filtered all the same: the damage is not in the pixels.
READABLE_BAD = {
    "jpgdec__5482a54657765056f1a94116a8dbffe7.jpg",
    "mdx__023c970a2a16794f9e51101f76d3bf4d.tif",
    "oiio__corrupt-exif-recursive-ifd.jpg",
    "oiio__corrupt-exif-utf8-type.jpg",
}


@contextmanager
def at_most(seconds):
    """End the whole run where the block hangs; a block that raises leaves no alarm behind."""
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def check(convtool, path, tmp_path, options):
    """Filter a file and return whether it was written; fail unless it was written or refused."""
    output = tmp_path / "out.png"
    with at_most(60):
        result = convtool("image", path, output, "--format", "png", "--overwrite", *options)
    assert "Traceback" not in result.err
    left = sorted(entry.name for entry in tmp_path.iterdir())
    if result.code == 0:
        assert left == ["out.png"]
        assert np.array(Image.open(output)).size
        return True
    assert result.code == 1
    assert left == []
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert REFUSALS.match(errors[0]), errors[0]
    return False


@pytest.mark.parametrize("options", [("-k", "sobel-x"), ("-k", "blur", "--allow-truncated")])
def test_good_images_are_filtered(convtool, corpus, tmp_path, options):
    """Every good image is filtered."""
    paths = sorted((corpus / "good" / "image").iterdir())
    assert paths
    for path in paths:
        assert check(convtool, path, tmp_path, options), path.name
        (tmp_path / "out.png").unlink()


@pytest.mark.parametrize("options", [("-k", "sobel-x"), ("-k", "blur", "--allow-truncated")])
def test_bad_images_are_filtered_or_refused(convtool, corpus, tmp_path, options):
    """A bad image never causes a traceback, a hang or a partial file."""
    paths = sorted((corpus / "bad" / "image").iterdir())
    assert paths
    for path in paths:
        written = check(convtool, path, tmp_path, options)
        assert written or path.name not in READABLE_BAD, path.name
        (tmp_path / "out.png").unlink(missing_ok=True)


def test_other_media_are_not_images(convtool, corpus, tmp_path):
    """Audio and video given to the image command are refused with the same messages."""
    folders = ("*/audio/*", "*/video/*", "*/yaml/*")
    paths = [path for folder in folders for path in sorted(corpus.glob(folder))]
    others = [path for path in paths if path.suffix.lower() not in WRITABLE]
    assert len(others) > 30
    for path in others:
        assert not check(convtool, path, tmp_path, ("-k", "blur")), path.name


AUDIO_REFUSALS = re.compile(
    r"error: .*: (the audio cannot be read: .+|the audio is damaged: .+|truncated: .+|no samples"
    r"|the file is empty|no audio track|(1 sample is|\d+ samples are) NaN or infinite"
    r"|\d+ channels? at \d+ Hz: not supported)$|error: .* is (an image|a video)$"
)


def check_audio(convtool, path, tmp_path, options):
    """Filter audio and return whether it was written; fail unless it was written or refused."""
    output = tmp_path / "out.wav"
    with at_most(60):
        result = convtool("audio", path, output, *options)
    assert "Traceback" not in result.err
    left = sorted(entry.name for entry in tmp_path.iterdir())
    if result.code == 0:
        assert left == ["out.wav"]
        assert len(soundfile.read(output)[0])
        output.unlink()
        return True
    assert result.code == 1
    assert left == []
    (error,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert AUDIO_REFUSALS.match(error), error
    return False


@pytest.mark.parametrize(
    "options", [("-k", "derivative"), ("-k", "blur", "--allow-truncated", "--rate", "16000")]
)
def test_good_audio_is_filtered(convtool, corpus, tmp_path, options):
    """Every good audio file is filtered."""
    paths = sorted((corpus / "good" / "audio").iterdir())
    assert paths
    for path in paths:
        assert check_audio(convtool, path, tmp_path, options), path.name


@pytest.mark.parametrize(
    "options", [("-k", "derivative"), ("-k", "blur", "--allow-truncated", "--rate", "16000")]
)
def test_bad_audio_and_other_media_are_filtered_or_refused(convtool, corpus, tmp_path, options):
    """Bad audio never causes a traceback, a hang or a partial file; a video has an audio track."""
    paths = sorted(
        [*corpus.glob("bad/audio/*"), *corpus.glob("*/video/*"), *corpus.glob("bad/image/*")]
    )
    written = {path.name for path in paths if check_audio(convtool, path, tmp_path, options)}
    assert "mdx__sample.3gp" in written
    cut = "scipy__test-44100Hz-le-1ch-4bytes-early-eof.wav"
    assert (cut in written) == ("--allow-truncated" in options)

"""Fuzzing: for any arguments and any damaged file, the program filters or reports an error.

`make fuzz` runs for five minutes, the ordinary tests only briefly. Each failure found here becomes
a named test elsewhere.
"""

import io
import os
import re
import shutil
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import av
import numpy as np
import pytest
import soundfile
from conftest import SAMPLES
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from PIL import Image

from convtool.cli.app import run
from convtool.kernels import catalogue
from convtool.media.registry import MEDIA
from convtool.options.declare import declaration_of, flag_of
from convtool.options.run import RunOptions

EXAMPLES = int(os.environ.get("CONVTOOL_FUZZ", "60"))
PATIENCE = 60  # seconds; inputs of this size take far less

AUDIO = ["wav", "flac", "ogg", "mp3", "aiff", "caf", "au", "w64"]
IMAGES = ["png", "jpg", "gif", "webp", "tif", "bmp", "ppm", "avif"]
VIDEOS = ["mp4", "mkv", "avi", "gif", "webm"]
SUFFIXES = {"image": IMAGES, "audio": AUDIO, "video": VIDEOS}


@cache
def whole(medium, suffix):
    """Return the bytes of a small undamaged file of a medium and suffix."""
    rng, file = np.random.default_rng(1), io.BytesIO()
    if medium == "audio":
        soundfile.write(file, rng.uniform(-1, 1, (3000, 2)), 16000, format=suffix.upper())
        return file.getvalue()
    if medium == "image" or suffix == "gif":
        frames = [
            Image.fromarray(rng.integers(0, 256, (24, 31, 3), dtype=np.uint8)) for _ in range(3)
        ]
        kind = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
        more = (
            {"save_all": True, "append_images": frames[1:]}
            if suffix in ("gif", "webp", "png", "tif")
            else {}
        )
        frames[0].save(file, kind, **more)
        return file.getvalue()
    with tempfile.NamedTemporaryFile(suffix=f".{suffix}") as video:
        _write_video(video.name, suffix)
        return Path(video.name).read_bytes()


def _write_video(path, suffix):
    """Write a video of a few frames, with audio where the sample has it."""
    if suffix == "mp4":
        shutil.copy(SAMPLES / "clip.mp4", path)
        return
    rng = np.random.default_rng(2)
    with av.open(path, "w") as video:
        stream = video.add_stream({"webm": "libvpx-vp9"}.get(suffix, "mpeg4"), rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for _ in range(6):
            frame = av.VideoFrame.from_ndarray(
                rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), "rgb24"
            )
            video.mux(stream.encode(frame))
        video.mux(stream.encode(None))


@dataclass(frozen=True, repr=False)
class Given:
    """A file: its name, the damage done to it, and its bytes, which are too many to print."""

    name: str
    damage: tuple[tuple[str, int], ...]
    data: bytes

    def __repr__(self):
        return f"{self.name}, {self.damage}"


@st.composite
def damaged(draw, medium):
    """Draw a file: whole, truncated, altered, mixed with another, or of another medium."""
    damage = []
    kind = draw(st.sampled_from([medium] * 8 + sorted(SUFFIXES)))
    suffix = draw(st.sampled_from(SUFFIXES[kind]))
    data = bytearray(whole(kind, suffix))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 4]))):
        place = draw(st.one_of(st.integers(0, max(1, len(data)) - 1), st.integers(0, 64)))
        how = draw(st.sampled_from(["cut", "set", "ones", "insert", "delete", "double", "splice"]))
        damage.append((how, place))
        if how == "cut":
            del data[place:]
        elif how == "set":
            data[place : place + 1] = bytes([draw(st.integers(0, 255))])
        elif how == "ones":
            data[place : place + 4] = b"\xff" * 4
        elif how == "insert":
            data[place:place] = draw(st.binary(max_size=20))
        elif how == "delete":
            del data[place : place + draw(st.integers(1, 300))]
        elif how == "double":
            data += data[place:]
        else:
            other = whole(medium, draw(st.sampled_from(SUFFIXES[medium])))
            data = data[:place] + other[min(place, len(other)) :]
    shown = (
        suffix
        if draw(st.booleans())
        else draw(st.sampled_from([*IMAGES, *AUDIO, *VIDEOS, "txt", ""]))
    )
    return Given(f"in.{shown}".rstrip("."), ((suffix, len(data)), *damage), bytes(data))


ABSURD = st.sampled_from(
    ["0", "-1", "1e9", "9" * 25, str(2**20), str(2**31), str(2**63), "nan", "", "x"]
)
NUMBERS = st.integers(0, 30).flatmap(
    lambda number: st.just(str(number // 6 + 1)) if number else ABSURD
)
AXES = st.lists(NUMBERS, min_size=1, max_size=3).map(",".join)
WORDS = st.one_of(
    st.text(max_size=8), st.sampled_from(["-", "--", "%s", "{stem}", "../x", "\x1b[31m", "auto"])
)


def choices(hint):
    """Return the values of an option with a fixed set of choices, or None."""
    for kind in (hint, *get_args(hint)):
        if get_origin(kind) is Literal and all(isinstance(word, str) for word in get_args(kind)):
            return get_args(kind)
    return None


GROUPS = {group for medium in MEDIA.values() for group in medium.groups.values()}
HINTS = {name: hint for group in GROUPS for name, hint in get_type_hints(group).items()}
CHOICES = {
    name: words
    for name, hint in HINTS.items()
    if name not in ("padding", "groups") and (words := choices(hint))
}
VALUES = {
    "kernel_size": AXES,
    "stride": AXES,
    "padding": AXES | st.sampled_from(["same", "valid"]),
    "dilation": AXES,
    "groups": NUMBERS | st.just("depthwise"),
    "kernel_path": st.just("."),
    "name": st.sampled_from(["{stem}{suffix}", "{stem}-{channel}{suffix}", "{x"]),
    "format": st.sampled_from([*IMAGES, *AUDIO, *VIDEOS, "npy", "xyz"]),
    "subtype": st.sampled_from(["pcm_16", "float", "vorbis", "x"]),
    "speed": st.sampled_from(["ultrafast", "x"]),
    "codec": st.sampled_from(["h264", "ffv1", "mjpeg", "vp9", "x"]),
    "pix_fmt": st.sampled_from(["yuv444p", "gray", "x"]),
} | {name: st.sampled_from(choices) for name, choices in CHOICES.items()}
LEFT_OUT = {
    # set below, slow, or irrelevant here
    "kernel",
    "compile",
    "output",
    "overwrite",
    "max_memory",
    "device",
    # for batches, which have tests of their own
    "options",
    "files_from",
    "files0_from",
    "glob",
    "failed_to",
    "jobs",
    "on_error",
}


@cache
def names(dims):
    """Return the names of the kernels of a dimension."""
    return [
        name
        for name, path in catalogue.catalogue().items()
        if dims in catalogue.entry(path).dimensions
    ]


@st.composite
def kernels(draw, medium):
    """Draw a value for -k: a name, parameters, a grid or nonsense."""
    name = draw(st.sampled_from(names(MEDIA[medium].dims)))
    grid = draw(
        st.lists(
            st.lists(st.sampled_from(["0", "1", "-2", "1/3", "1e30", "x", ""]), max_size=4),
            max_size=3,
        )
    )
    candidates = [
        *[name] * 6,
        "; ".join(map(" ".join, grid)),
        draw(WORDS),
        f"{name}:{draw(WORDS)}={draw(NUMBERS)}",
        f"gaussian:sigma={draw(NUMBERS)}",
    ]
    return draw(st.sampled_from(candidates))


@st.composite
def options(draw, medium):
    """Draw some of a command's options with good, bad and absurd values."""
    words = []
    for _ in range(draw(st.integers(0, 2))):
        words += ["-k", draw(kernels(medium))]
    offered = [
        option
        for group in (*MEDIA[medium].groups.values(), RunOptions)
        for option in fields(group)
        if option.name not in LEFT_OUT
    ]
    for option in draw(
        st.lists(st.sampled_from(offered), max_size=3, unique_by=lambda option: option.name)
    ):
        flag = flag_of(option.name)
        if isinstance(option.default, bool) or declaration_of(option).counted:
            words.append(
                flag
                if option.default is False or draw(st.booleans())
                else flag.replace("--", "--no-")
            )
        else:
            words += [
                flag,
                draw(VALUES.get(option.name, NUMBERS) if draw(st.integers(0, 19)) else WORDS),
            ]
    return words


@contextmanager
def time_limit():
    """Raise TimeoutError if the body takes too long."""

    def stop(*_):
        raise TimeoutError(f"more than {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


ERROR = re.compile(r"^error: \S.*", re.MULTILINE)
MESSAGE = re.compile(r"(error|hint|note|seed): |(wrote|skipped) |$")
# libmpg123 prints messages of its own about damaged MP3 files.
MPG123 = re.compile(r"^(Warning: .*|\[\S*libmpg123\S* .*|Note: .*)\n", re.MULTILINE)


@given(st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@pytest.mark.parametrize("medium", ["image", "audio", "video"])
def test_any_input(medium, capfd, monkeypatch, data):
    """Any call ends in time with exit code 0, 1 or 2, outputs or errors, and intact inputs."""
    given_ = data.draw(damaged(medium))
    name = given_.name
    output = data.draw(
        st.sampled_from(
            [f"out.{SUFFIXES[medium][0]}", "out/", f"o.{data.draw(st.sampled_from(IMAGES))}"]
        )
    )
    words = [medium, name, output, *data.draw(options(medium)), "--max-memory", "300"]
    with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as patch:
        patch.chdir(folder)
        Path(name).write_bytes(given_.data)
        capfd.readouterr()
        with time_limit():
            code = run(words)
        out, err = capfd.readouterr()
        event(f"exit code {code}")
        err = MPG123.sub("", err)
        assert Path(name).read_bytes() == given_.data
        left = [path for path in Path().rglob("*") if path.is_file() and path != Path(name)]
        assert not [path for path in left if path.name.startswith(".convtool-")]
        assert "Traceback" not in err
        assert code in (0, 1, 2), (code, err)
        if not {"--verbose", "-v", "--show-weights"} & set(words):
            assert all(MESSAGE.match(line) for line in err.split("\n")), err
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", err), "control characters"
        if code:
            assert len(ERROR.findall(err)) == 1, err
            assert not left
        elif "--dry-run" not in words and "--help" not in words:
            assert left, err
            assert all(path.stat().st_size for path in left)
        assert out == "" or "--json" in words or "--dry-run" in words

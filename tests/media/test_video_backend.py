"""The video backend by itself: blocks with times and company, one decision per output."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from videos import BASE, make, moving_square

from convtool.block import Block, Moment
from convtool.convolve.geometry import Placement, window
from convtool.errors import ReadError, UsageError, WriteError
from convtool.media.contract import Tile, Wanted
from convtool.media.ffmpeg import explained
from convtool.media.grid import GAP
from convtool.media.registry import MEDIA
from convtool.media.video.demux import WARM_UP
from convtool.options.output import VideoOutput
from convtool.options.reading import VideoReading

BACKEND = MEDIA["video"].backend
COLOUR = (Tile("result", (0, 1, 2)),)
TICK = 512  # of BASE, at 25 frames per second


@pytest.fixture
def clip(rng):
    """Return eleven small frames."""
    return moving_square(rng)


@contextmanager
def opened(path, **reading):
    """Yield a source and its part."""
    with path.open("rb") as file:
        source = BACKEND.open(file, path.name, VideoReading(**reading))
        yield source, next(source.parts())


def placement(part, stride=1):
    """Return the placement of results for a kernel with one tap."""
    return Placement(window(torch.nn.Conv3d(1, 1, 1, stride=(stride, 1, 1))), part.size)


def decide(path, suffix="mkv", tiles=COLOUR, *, raw=False, **output):
    """Return the encoding for a result of the input's size."""
    with opened(path) as (source, part):
        wanted = Wanted(f".{suffix}", VideoOutput(**output), raw, part.size, tiles)
        return BACKEND.encoding(source, part, wanted)


def copy(path, suffix, *, tiles=COLOUR, length=3, **output):
    """Return a video that is read and written again, and its encoder."""
    with opened(path) as (source, part):
        wanted = Wanted(f".{suffix}", VideoOutput(**output), False, part.size, tiles)
        file = io.BytesIO()
        encoding = BACKEND.encoding(source, part, wanted)
        encoder = encoding.open(file, tiles)
        encoder.begin(part, placement(part), encoding.levels, tiles)
        for block in part.blocks(length, company=True):
            encoder.write(encoder.prepare(block))
        encoder.close()
        encoder.drop()
        return file.getvalue(), encoder


def decoded(data):
    """Return the frames of a video. Shape: (D, H, W, 3)"""
    with av.open(io.BytesIO(data)) as video:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)])


def test_ffmpeg_is_imported_when_a_file_is_opened():
    """Asking for suffixes does not import FFmpeg, but opening a file does."""
    code = (
        "import sys; from convtool.media.registry import MEDIA; backend = MEDIA['video'].backend; "
        "backend.check_suffix('mp4'); assert '.ts' in backend.readable; "
        "assert '.png' in backend.folders; assert 'av' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("suffix", ["ts", "xyz", ""])
def test_a_suffix_that_cannot_be_written_is_refused(suffix):
    """Suffixes that can only be read are refused as outputs."""
    with pytest.raises(UsageError, match="no video can be written as"):
        BACKEND.check_suffix(suffix)


def outlasted(folder, frames):
    """Return a video of raw frames whose audio lasts two seconds longer."""
    raw = {"codec": "rawvideo", "pix_fmt": "yuv420p"}
    return make(folder / "in.mkv", frames, audio="pcm_s16le", beyond=2, **raw)


# --- blocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 4, 11, 20])
def test_blocks_carry_times_and_company(tmp_path, clip, length):
    """Each frame has its own time, and every packet of audio arrives once and in order."""
    times = [n * n * TICK for n in range(11)]
    path = make(tmp_path / "in.mkv", clip, audio="aac", times=times)
    with opened(path) as (_, part):
        blocks = list(part.blocks(length, company=True))
    shown = [moment.start for block in blocks for moment in block.times]
    milliseconds = [round(time * BASE * 1000) for time in times]
    assert np.abs(np.subtract(shown, milliseconds)).max() <= 1  # Matroska's time base
    assert [len(block) for block in blocks[:-1]] == [length] * (len(blocks) - 1)
    assert sum(map(len, blocks)) == 11
    packets = [item.packet for block in blocks for item in block.company]
    with av.open(str(path)) as video:
        wanted = [bytes(p) for p in video.demux(video.streams.audio[0]) if p.size]
    assert [bytes(packet) for packet in packets] == wanted
    assert {item.stream for block in blocks for item in block.company} == {1}
    if length == 1:
        assert blocks[0].company != ()


def test_packets_after_the_last_frame_come_with_it(tmp_path, clip):
    """A frame waits for the next one, so audio after the last frame comes in its block."""
    with opened(outlasted(tmp_path, clip)) as (_, part):
        *_, last = part.blocks(1, company=True)
    assert (len(last), last.times) == (1, (Moment(400, 40),))
    packet = last.company[-1].packet
    assert packet.pts * packet.time_base > 2


def test_company_is_read_only_where_it_is_wanted(tmp_path, clip):
    """Without company, the frames are the same."""
    path = make(tmp_path / "in.mp4", clip, codec="libx264", pix_fmt="yuv444p", audio="aac")
    with opened(path) as (_, part):
        alone, beside = list(part.blocks(11)), list(part.blocks(11, company=True))
    assert [block.company for block in alone] == [()]
    assert torch.equal(alone[0].tensor, beside[0].tensor)
    assert alone[0].times == beside[0].times == tuple(Moment(n * TICK, TICK) for n in range(11))


def test_times_begin_with_the_selection(tmp_path, clip):
    """Time starts at --start; audio keeps its times, and comes early for its decoder to start."""
    path = make(tmp_path / "in.mp4", clip, codec="libx264", pix_fmt="yuv444p", audio="aac")
    with opened(path, start=0.2, frames=3) as (source, part):
        assert part.size == (3, 20, 28)
        (block,) = part.blocks(10, company=True)
    assert [moment.start for moment in block.times] == [0, TICK, 2 * TICK]
    assert source.selection.start == Fraction(1, 5)
    heard = [item.packet.pts * item.packet.time_base for item in block.company]
    assert all(time >= 0.2 - WARM_UP for time in heard)
    assert any(time < 0.2 for time in heard)


def test_audio_may_outlast_the_frames(convtool, tmp_path, clip):
    """A container without a frame count is complete where its longest stream is."""
    path = outlasted(tmp_path, clip)
    with opened(path) as (_, part):
        assert sum(map(len, part.blocks(4))) == 11
    result = convtool("video", path, tmp_path / "out.mkv", "-k", "blur", "--normalize", "minmax")
    assert result.code == 0, result.err


def test_frames_of_another_size_are_refused(tmp_path, clip):
    """A frame of another size is refused, as a video has one size."""
    path = tmp_path / "in.ts"
    parts = []
    for number, frames in enumerate((clip, clip[:, :16])):
        part = make(tmp_path / f"{number}.ts", frames, codec="libx264", pix_fmt="yuv444p")
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))
    with (
        opened(path) as (_, part),
        pytest.raises(ReadError, match="changes, from 28×20 to 28×16"),
    ):
        list(part.blocks(100))


# --- one decision per output ---------------------------------------------------------------------


def test_the_pixel_format_follows_the_size_and_channels_of_a_frame(tmp_path, clip):
    """Odd sizes keep full chroma, grey stays grey, and a grid counts by its own size."""
    even = make(tmp_path / "even.mkv", clip)
    odd = make(tmp_path / "odd.mkv", clip[:, 1:])
    assert decide(even, codec="h264").pixel_format == "yuv420p"
    assert decide(odd, codec="h264").pixel_format == "yuv444p"
    grey = tuple(Tile(str(channel), (channel,)) for channel in range(3))
    assert decide(even, tiles=grey[:1], codec="ffv1").pixel_format == "gray"
    assert decide(even, codec="ffv1").pixel_format in ("rgb24", "bgr0")
    grid = decide(odd, tiles=grey, codec="h264")
    assert grid.size == (2 * 19 + 3 * GAP, 2 * 28 + 3 * GAP)
    assert grid.pixel_format == "yuv420p"


def test_the_encoding_states_levels_memory_and_losses(tmp_path, rng):
    """An encoding states levels, memory and losses before anything is opened."""
    frames = rng.integers(0, 1024, (3, 16, 16, 3), dtype=np.uint16)
    path = make(tmp_path / "in.mkv", frames, pix_fmt="gbrp10le", given="gbrp10le")
    kept = decide(path, codec="ffv1")
    assert (kept.levels.scale, kept.notes) == (1023, ())
    assert kept.memory == 32 * 16 * 16 * 3 * 2
    lost = decide(path, codec="vp9", pix_fmt="yuv420p")
    assert (lost.levels.scale, lost.memory) == (255, 32 * 16 * 16 * 3)
    assert lost.notes == ("10-bit samples stored as 8-bit by libvpx-vp9",)
    assert decide(path, "png").levels.scale == 1023


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"codec": "theora"}, "unknown codec 'theora'"),
        ({"codec": "h264", "crf": 52}, "--crf for libx264 takes 0 to 51, not 52"),
        ({"codec": "h264", "speed": "warp"}, "libx264 takes one of its presets, not 'warp'"),
        ({"codec": "h264", "pix_fmt": "rainbow"}, "libx264 has no pixel format 'rainbow'"),
    ],
)
def test_options_that_a_codec_does_not_have_are_refused(tmp_path, clip, output, message):
    """The encoding refuses options that its codec does not have."""
    path = make(tmp_path / "in.mkv", clip)
    with pytest.raises(UsageError, match=message):
        decide(path, **output)


def test_what_a_format_cannot_hold_is_refused(tmp_path, clip):
    """Raw floats, a codec or frames that a format cannot hold are refused."""
    path = make(tmp_path / "in.mkv", clip)
    with pytest.raises(WriteError, match="no video can hold"):
        decide(path, raw=True)
    with pytest.raises(WriteError, match="WebM cannot hold libx264"):
        decide(path, "webm", codec="h264")
    with pytest.raises(WriteError, match="a folder of images cannot hold ffv1"):
        decide(path, "png", codec="ffv1")
    many = tuple(Tile(str(number), (0,)) for number in range(600**2))
    with pytest.raises(WriteError, match="frames of 19204 pixels exceed the 16384"):
        decide(path, tiles=many)


def test_crf_of_mjpeg_is_its_quantizer(tmp_path, clip):
    """--crf 0 of mjpeg is the best quantizer, which FFmpeg calls 1."""
    path = make(tmp_path / "in.mkv", clip)
    size = {crf: len(copy(path, "avi", codec="mjpeg", crf=crf)[0]) for crf in (0, 1, 2, 3, 31)}
    assert size[0] == size[1] > size[2] > size[3] > size[31]


def test_gif_frames_have_their_own_palettes(tmp_path):
    """Each GIF frame has its own palette, so that a ramp of few colours is kept closely."""
    ramp = np.zeros((3, 16, 16, 3), np.uint8)
    for number in range(3):
        ramp[number, ..., number] = np.arange(16) * 16
    data, _ = copy(make(tmp_path / "in.mkv", ramp), "gif")
    assert np.abs(decoded(data).astype(int) - ramp).max() <= 4


# --- encoders ------------------------------------------------------------------------------------


def test_what_an_output_loses_is_known_before_it_is_made(tmp_path, clip):
    """Losses are noted by the encoding, which dry runs show as well."""
    path = make(tmp_path / "in.mkv", clip, audio="aac")
    for suffix, notes in (
        ("mkv", []),
        ("webm", ["audio re-encoded as opus: WebM cannot hold aac"]),
        ("gif", ["audio dropped: GIF cannot hold aac"]),
    ):
        assert [note for note in decide(path, suffix).notes if "audio" in note] == notes


def test_times_come_with_the_blocks(tmp_path, clip):
    """The encoder takes times from the blocks alone, not from the source."""
    path = make(tmp_path / "in.mp4", clip, codec="libx264", pix_fmt="yuv444p")
    file = io.BytesIO()
    with opened(path) as (source, part):
        wanted = Wanted(".mp4", VideoOutput(), False, part.size, COLOUR)
        encoding = BACKEND.encoding(source, part, wanted)
        encoder = encoding.open(file, COLOUR)
        encoder.begin(part, placement(part, stride=2), encoding.levels, COLOUR)
        frames = torch.zeros(1, 3, 3, 20, 28, dtype=torch.uint8)
        times = (Moment(0, 1000), Moment(1000, 3000), Moment(4000, 500))
        encoder.write(encoder.prepare(Block(frames, encoding.levels, times)))
        encoder.close()
        encoder.drop()
    with av.open(io.BytesIO(file.getvalue())) as video:
        stream = video.streams.video[0]
        assert stream.time_base == BASE
        assert [frame.pts for frame in video.decode(stream)] == [0, 1000, 4000]


def test_ffmpeg_is_not_listened_to_beside_other_files():
    """FFmpeg's threads wait for the interpreter when they log, so only a lone file is explained."""

    def level():
        with explained():
            return av.logging.get_level()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(level).result() is None
    assert level() == av.logging.ERROR
    assert av.logging.get_level() is None

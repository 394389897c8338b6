"""Times of videos: each begins at zero, lasts as long as what is shown, and is whole or refused.

The oracle is the ffmpeg program, or the recipe by which a file was made.
"""

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import covering
from tones import ffmpeg, need, synthesize
from videos import facts, make, read

CASES = Path(__file__).parent / "av"
BLOCK = 64  # pixels of a side


def ffprobe(path):
    """Return what ffprobe says of a file's streams, by type, and of its format."""
    need("ffprobe")
    show = ["-count_frames", "-show_streams", "-show_format", "-of", "json"]
    done = subprocess.run(["ffprobe", "-v", "error", *show, path], check=True, capture_output=True)
    found = json.loads(done.stdout)
    return {stream["codec_type"]: stream for stream in found["streams"]} | found["format"]


def filtered(convtool, source, output, *options):
    """Run the identity on a video and return what it prints."""
    result = convtool("video", source, output, "-k", "identity", *options)
    assert result.code == 0, result.err
    return result.err


def grey(path):
    """Return the level of each frame of a video of flat frames."""
    return read(path, "gray")[:, 8, 8, 0].astype(int)


def levels(tmp_path, count, rate=25, **options):
    """Return a video whose frame n is grey of level 5 n."""
    frames = np.repeat(np.arange(count, dtype=np.uint8) * 5, BLOCK * BLOCK * 3)
    frames = frames.reshape(count, BLOCK, BLOCK, 3)
    return make(tmp_path / "levels.mkv", frames, rate=rate, **options)


# --- files that do not start at zero -------------------------------------------------------------


def test_a_transport_stream_starts_at_zero(convtool, tmp_path):
    """A stream that starts 11 hours after zero lasts as long as its frames are shown."""
    filtered(convtool, CASES / "off.ts", tmp_path / "o.mp4")
    found = ffprobe(tmp_path / "o.mp4")
    assert float(found["video"]["start_time"]) == 0
    assert float(found["video"]["duration"]) == pytest.approx(3, abs=0.001)
    assert int(found["video"]["nb_read_frames"]) == 75
    before = ffprobe(CASES / "off.ts")
    late = float(before["audio"]["start_time"]) - float(before["video"]["start_time"])
    with av.open(str(tmp_path / "o.mp4")) as video:
        first = next(packet for packet in video.demux(audio=0))
        assert float(first.pts * first.time_base) == pytest.approx(late, abs=0.001)


def test_start_and_duration_count_from_the_first_frame(convtool, tmp_path):
    """--start and --duration of a transport stream count from its own start."""
    options = ["--start", "0.5", "--duration", "0.5"]
    filtered(convtool, CASES / "base.ts", tmp_path / "o.mp4", *options)
    found = ffprobe(tmp_path / "o.mp4")
    assert int(found["video"]["nb_read_frames"]) in (12, 13)
    assert float(found["duration"]) == pytest.approx(0.5, abs=0.025)
    whole = read(CASES / "base.ts").astype(int)
    assert np.abs(read(tmp_path / "o.mp4").astype(int) - whole[12:25]).mean() < 3


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mpg", "ts", "flv", "mov"])
def test_late_files_start_at_zero(convtool, tmp_path, suffix):
    """Files of any format that start late start at zero, with all frames."""
    source, late = levels(tmp_path, 20), tmp_path / f"late.{suffix}"
    codec = ["-c:v", "mpeg2video" if suffix == "mpg" else "libx264", "-bf", "2"]
    ffmpeg("-i", source, *codec, "-q:v", "2", "-output_ts_offset", "7.3", late)
    filtered(convtool, late, tmp_path / "o.mkv", "--codec", "ffv1")
    shown = facts(tmp_path / "o.mkv")["shown"]
    assert shown == pytest.approx(np.arange(20) / 25, abs=0.0011)
    assert grey(tmp_path / "o.mkv") == pytest.approx(np.arange(20) * 5, abs=5)
    part = ["--start", "0.41", "--duration", "0.2"]
    filtered(convtool, late, tmp_path / "p.mkv", "--codec", "ffv1", *part)
    assert grey(tmp_path / "p.mkv") == pytest.approx(np.arange(10, 16) * 5, abs=5)


@pytest.mark.parametrize(
    ("suffix", "out", "late"),
    covering(["ts", "mp4", "mkv"], ["mp4", "mkv"], [(0, 0.6), (0.6, 0)]),
)
def test_audio_and_video_stay_in_step(convtool, tmp_path, suffix, out, late):
    """Audio that begins long before or after the video does so in the output."""
    video, audio = late
    source, mixed = levels(tmp_path, 40), tmp_path / f"in.{suffix}"
    tone = ["-f", "lavfi", "-i", "sine=d=1.5:r=48000"]
    codecs = ["-c:v", "libx264", "-c:a", "aac", "-map", "0:v", "-map", "1:a"]
    delays = ["-itsoffset", str(video), "-i", source, "-itsoffset", str(audio), *tone]
    ffmpeg(*delays, *codecs, mixed)
    filtered(convtool, mixed, tmp_path / f"o.{out}")
    before, after = (
        [float(found[kind]["start_time"]) for kind in ("audio", "video")]
        for found in map(ffprobe, (mixed, tmp_path / f"o.{out}"))
    )
    assert after[0] - after[1] == pytest.approx(before[0] - before[1], abs=0.03)
    assert min(after) < 0.05


# --- the frame that is on screen -----------------------------------------------------------------


def test_a_part_begins_with_the_frame_on_screen(convtool, tmp_path):
    """A second in which no frame begins shows the one that began before."""
    filtered(convtool, CASES / "vfr.mkv", tmp_path / "o.mp4", "--start", "3", "--duration", "1")
    whole, part = read(CASES / "vfr.mkv").astype(int), read(tmp_path / "o.mp4").astype(int)
    assert len(part) == 1
    assert np.abs(part[0] - whole[4]).mean() < 3  # the frame of second 2
    assert float(ffprobe(tmp_path / "o.mp4")["duration"]) == pytest.approx(1)


def test_a_part_starts_between_frames(convtool, tmp_path):
    """The first frame of a part is shown for what is left of its time."""
    source = levels(tmp_path, 10, rate=5)
    options = ["--codec", "ffv1", "--start", "0.5", "--duration", "0.4"]
    filtered(convtool, source, tmp_path / "o.mkv", *options)
    assert facts(tmp_path / "o.mkv")["shown"] == pytest.approx([0, 0.1, 0.3])
    assert grey(tmp_path / "o.mkv").tolist() == [10, 15, 20]


def test_a_subtitle_on_screen_is_kept(convtool, tmp_path):
    """A subtitle that began before the part is shown from its start."""
    source = levels(tmp_path, 50)
    (tmp_path / "in.srt").write_text("1\n00:00:00,100 --> 00:00:01,500\nhello\n")
    ffmpeg("-i", source, "-i", tmp_path / "in.srt", "-c:v", "libx264", tmp_path / "in.mkv")
    filtered(convtool, tmp_path / "in.mkv", tmp_path / "o.mkv", "--start", "1")
    with av.open(str(tmp_path / "o.mkv")) as video:
        packet = next(video.demux(subtitles=0))
    assert (packet.pts, packet.duration) == (0, 500)


# --- times that jump, collide or go back ---------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_joined_streams_follow_each_other(convtool, tmp_path, suffix):
    """A stream joined to itself has all its frames, at regular times, and a note."""
    err = filtered(convtool, CASES / "twice.ts", tmp_path / f"o.{suffix}")
    assert "timestamps jump at 3.00 s: what follows is joined without a gap" in err
    shown = np.array(facts(tmp_path / f"o.{suffix}")["shown"])
    assert len(shown) == 150
    assert np.diff(shown) == pytest.approx(np.full(149, 0.04), abs=0.0011)


def test_a_part_after_a_jump(convtool, tmp_path):
    """--start finds the second of the joined stream, not a timestamp."""
    options = ["--start", "4", "--frames", "5", "--codec", "ffv1"]
    filtered(convtool, CASES / "twice.ts", tmp_path / "o.mkv", *options)
    expected = read(CASES / "base.ts").astype(int)[25:30]
    assert np.abs(read(tmp_path / "o.mkv").astype(int) - expected).max() <= 3


def test_a_program_stream_is_joined(convtool, tmp_path):
    """Joined MPEG program streams have all their frames."""
    source = levels(tmp_path, 20)
    ffmpeg("-i", source, "-c:v", "mpeg2video", "-q:v", "2", tmp_path / "a.mpg")
    data = (tmp_path / "a.mpg").read_bytes()
    (tmp_path / "two.mpg").write_bytes(data * 2)
    filtered(convtool, tmp_path / "two.mpg", tmp_path / "o.mp4")
    assert facts(tmp_path / "o.mp4")["shown"] == pytest.approx(np.arange(40) / 25, abs=0.001)


@pytest.mark.parametrize("second", [95443.0, 95440.0])
def test_the_clock_of_a_transport_stream_wraps(convtool, tmp_path, second):
    """Times that wrap after 2**33 ticks go on."""
    source = levels(tmp_path, 40)
    codec = ["-c:v", "libx264", "-output_ts_offset", second]
    ffmpeg("-i", source, *codec, tmp_path / "in.ts")
    filtered(convtool, tmp_path / "in.ts", tmp_path / "o.mp4")
    assert facts(tmp_path / "o.mp4")["shown"] == pytest.approx(np.arange(40) / 25, abs=0.001)


def test_a_gif_shows_no_frame_for_less_than_two_hundredths(convtool, tmp_path):
    """120 frames per second into GIF: its duration is kept, frames without time are dropped."""
    err = filtered(convtool, CASES / "fps120.mp4", tmp_path / "o.gif")
    assert "35 frames dropped: GIF shows a frame for at least 1/50 s" in err
    found = ffprobe(tmp_path / "o.gif")
    assert float(found["duration"]) == pytest.approx(0.5, abs=0.001)
    assert int(found["video"]["nb_read_frames"]) == 25


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), 50, 60])
def test_gifs_last_as_long_as_their_input(convtool, tmp_path, rate):
    """A GIF lasts as long as its input at any rate."""
    filtered(convtool, levels(tmp_path, 30, rate), tmp_path / "o.gif")
    assert float(ffprobe(tmp_path / "o.gif")["duration"]) == pytest.approx(30 / rate, abs=0.011)


TWICE = [0, 512, 1024, 1024, 1536, 2048]  # of BASE


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_two_frames_at_one_time(convtool, tmp_path, suffix):
    """Of two frames at one time, the second is shown a tick later."""
    filtered(convtool, levels(tmp_path, 6, times=TWICE), tmp_path / f"o.{suffix}")
    shown = [0, 0.04, 0.08, 0.081, 0.12, 0.16]
    assert facts(tmp_path / f"o.{suffix}")["shown"] == pytest.approx(shown)
    assert grey(tmp_path / f"o.{suffix}") == pytest.approx(np.arange(6) * 5, abs=3)


@pytest.mark.parametrize("suffix", ["avi", "gif"])
def test_two_frames_in_one_tick(convtool, tmp_path, suffix):
    """Where a tick is longer, one of them is dropped, with a note."""
    err = filtered(convtool, levels(tmp_path, 6, times=TWICE), tmp_path / f"o.{suffix}")
    assert f"1 frame dropped: {suffix.upper()} shows a frame for at least" in err
    assert len(grey(tmp_path / f"o.{suffix}")) == 5


@pytest.mark.parametrize("start", ["1.3", "0.02", "3.99"])
def test_a_part_into_avi(convtool, tmp_path, start):
    """AVI, which counts frames, takes a part that starts between two of them."""
    filtered(convtool, CASES / "sync.mp4", tmp_path / "o.avi", "--start", start)
    found = ffprobe(tmp_path / "o.avi")
    left = 4 - float(start)
    assert float(found["video"]["duration"]) == pytest.approx(left, abs=0.041)
    assert int(found["video"]["nb_read_frames"]) == pytest.approx(left * 25, abs=1)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "gif"])
def test_very_high_rates(convtool, tmp_path, suffix):
    """2000 frames per second last as long in every format, as far as it has ticks for them."""
    synthesize(tmp_path / "in.mp4", "testsrc=s=64x64:r=2000:d=0.1")
    err = filtered(convtool, tmp_path / "in.mp4", tmp_path / f"o.{suffix}")
    assert ("frames dropped" in err) == (suffix != "mp4")
    assert float(ffprobe(tmp_path / f"o.{suffix}")["duration"]) == pytest.approx(0.1, abs=0.0011)


def test_variable_rates_into_avi(convtool, tmp_path):
    """AVI keeps frames of a variable rate at their times."""
    filtered(convtool, CASES / "vfr.mkv", tmp_path / "o.avi")
    before = facts(CASES / "vfr.mkv")["shown"]
    with av.open(str(tmp_path / "o.avi")) as video:
        shown = [float(packet.dts * packet.time_base) for packet in video.demux() if packet.size]
    assert shown == pytest.approx(before, abs=0.009)


@pytest.mark.parametrize("codec", [["libx264", "-bf", "2"], ["mpeg4", "-bf", "2"], ["mjpeg"]])
def test_an_avi_whose_frames_come_out_of_order(convtool, tmp_path, codec):
    """AVI says when frames are decoded; they are shown in order, one per period."""
    ffmpeg("-i", levels(tmp_path, 20), "-c:v", *codec, "-q:v", "2", tmp_path / "in.avi")
    filtered(convtool, tmp_path / "in.avi", tmp_path / "o.mkv", "--codec", "ffv1")
    assert facts(tmp_path / "o.mkv")["shown"] == pytest.approx(np.arange(20) / 25, abs=0.001)
    assert grey(tmp_path / "o.mkv") == pytest.approx(np.arange(20) * 5, abs=5)
    part = ["--start", "0.4", "--frames", "3", "--codec", "ffv1"]
    filtered(convtool, tmp_path / "in.avi", tmp_path / "p.mkv", *part)
    assert grey(tmp_path / "p.mkv") == pytest.approx([50, 55, 60], abs=5)


# --- whole or cut --------------------------------------------------------------------------------


def test_an_edit_list_hides_frames(convtool, tmp_path):
    """Frames that an edit list hides are not missing."""
    filtered(convtool, CASES / "cut.mp4", tmp_path / "o.mp4")
    found = ffprobe(tmp_path / "o.mp4")
    assert int(found["video"]["nb_read_frames"]) == 27
    assert float(found["video"]["start_time"]) == 0
    assert np.abs(read(tmp_path / "o.mp4").astype(int) - read(CASES / "cut.mp4")).mean() < 3
    hidden = ffprobe(CASES / "cut.mp4")["audio"]
    with av.open(str(tmp_path / "o.mp4")) as video:
        first = next(video.demux(audio=0))
    assert float(first.pts * first.time_base) > -0.06
    assert float(found["audio"]["duration"]) == pytest.approx(float(hidden["duration"]), abs=0.2)


def test_empty_chunks_are_no_frames(convtool, tmp_path):
    """Empty chunks of an AVI show the frame before them once more."""
    filtered(convtool, CASES / "drop2.avi", tmp_path / "o.mp4")
    assert facts(tmp_path / "o.mp4")["shown"] == pytest.approx(facts(CASES / "drop2.avi")["shown"])
    assert len(read(tmp_path / "o.mp4")) == 20
    assert float(ffprobe(tmp_path / "o.mp4")["duration"]) == pytest.approx(1)


@pytest.mark.parametrize("flags", ["frag_keyframe", "frag_keyframe+empty_moov", "faststart"])
def test_fragments_are_whole(convtool, tmp_path, flags):
    """A fragmented file whose longer audio sets its duration is whole."""
    tone = ["-f", "lavfi", "-i", "sine=d=3:r=48000"]
    source = levels(tmp_path, 40)
    codecs = ["-c:v", "libx264", "-g", "10", "-c:a", "aac", "-movflags", flags]
    ffmpeg("-i", source, *tone, *codecs, tmp_path / "in.mp4")
    filtered(convtool, tmp_path / "in.mp4", tmp_path / "o.mkv")
    assert len(read(tmp_path / "o.mkv")) == 40


def boxes(data):
    """Return the boxes of an MP4 file, by their types."""
    found, place = [], 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        found.append((data[place + 4 : place + 8], data[place : place + length]))
        place += length
    return found


@pytest.mark.parametrize(("kept", "code"), [(9, 0), (5, 1)])
def test_fragments_that_are_missing(convtool, tmp_path, kept, code):
    """A file without its last fragments is refused where its index tells of them."""
    flags = ["-movflags", "frag_keyframe+default_base_moof+empty_moov+global_sidx"]
    coded = ["-c:v", "libx264", "-g", "25", *flags]
    synthesize(tmp_path / "all.mp4", "testsrc2=s=64x64:d=4", *coded)
    found = boxes((tmp_path / "all.mp4").read_bytes())
    # ftyp, moov, sidx, and four fragments of two boxes each
    start, fragments = found[:3], [each for each in found[3:] if each[0] != b"mfra"]
    data = b"".join(box for _, box in (start + fragments)[: kept + 2])
    (tmp_path / "in.mp4").write_bytes(data)
    result = convtool("video", tmp_path / "in.mp4", tmp_path / "o.mkv", "-k", "identity")
    assert result.code == code
    assert ("truncated: 50 of about 100 frames" in result.err) == bool(code)


@pytest.mark.parametrize("longer", [0.3, 0.8])
def test_a_container_may_be_a_little_longer(convtool, tmp_path, longer):
    """A fragmented file that declares a little more than its frames last is whole."""
    flags = ["-movflags", "frag_keyframe+empty_moov"]
    synthesize(tmp_path / "in.mp4", "testsrc2=s=64x64:d=2", "-c:v", "libx264", *flags)
    data = bytearray((tmp_path / "in.mp4").read_bytes())
    for name, place in ((b"mvhd", 20), (b"tkhd", 24)):
        at = data.index(name)
        scale = int.from_bytes(data[data.index(b"mvhd") + 16 :][:4])
        data[at + place : at + place + 4] = round((2 + longer) * scale).to_bytes(4)
    (tmp_path / "in.mp4").write_bytes(data)
    assert float(ffprobe(tmp_path / "in.mp4")["duration"]) >= 2
    filtered(convtool, tmp_path / "in.mp4", tmp_path / "o.mkv")
    assert len(read(tmp_path / "o.mkv")) == 50


CUT = {
    "mp4": ["libx264", "-movflags", "faststart"],
    "mov": ["libx264", "-movflags", "frag_keyframe+empty_moov", "-g", "10"],
    "mkv": ["libx264"],
    "webm": ["libvpx-vp9"],
    "avi": ["mpeg4", "-bf", "2"],
    "ts": ["libx264"],
    "flv": ["libx264"],
    "wmv": ["wmv2"],
    "gif": ["gif"],
}


@pytest.mark.parametrize("suffix", CUT)
def test_cut_files_are_refused(convtool, tmp_path, suffix):
    """A file is whole, and the same file without its last bytes is refused or noted."""
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    synthesize(whole, "testsrc2=s=64x64:d=2", "-c:v", *CUT[suffix])
    assert "truncated" not in filtered(convtool, whole, tmp_path / "o.mkv")
    data = whole.read_bytes()
    for part in (0.6, 0.97):
        cut.write_bytes(data[: int(len(data) * part) // 188 * 188 + 100])
        result = convtool("video", cut, tmp_path / "p.mkv", "-k", "identity")
        assert result.code == 1
        assert "truncated: " in result.err
        err = filtered(convtool, cut, tmp_path / "p.mkv", "--allow-truncated")
        assert "truncated: " in err
        (tmp_path / "p.mkv").unlink()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "gif", "avi"])
@pytest.mark.parametrize("junk", [bytes(100), b"<?xpacket begin?>" * 9, b"\n"])
def test_what_follows_a_file_does_no_harm(convtool, tmp_path, suffix, junk):
    """Bytes after the end of a file do not make it a cut one."""
    source = tmp_path / f"in.{suffix}"
    synthesize(source, "testsrc2=s=64x64:d=0.4")
    source.write_bytes(source.read_bytes() + junk)
    filtered(convtool, source, tmp_path / "o.mkv")
    assert len(read(tmp_path / "o.mkv")) == 10


def damaged(path):
    """Flip some bytes in the middle of a file."""
    data = bytearray(path.read_bytes())
    for place in np.random.default_rng(1).integers(len(data) // 3, len(data) * 2 // 3, 30):
        data[place] ^= 255
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_damaged_frames_are_noted(convtool, tmp_path, suffix):
    """Frames that the decoder had to fill in are counted in a note."""
    source = tmp_path / f"in.{suffix}"
    synthesize(source, "testsrc2=s=64x64:d=2", "-c:v", "libx264")
    damaged(source)
    err = filtered(convtool, source, tmp_path / "o.mkv")
    assert "damaged: the decoder filled in what is missing" in err


def test_a_damaged_matroska_file_is_refused(convtool, tmp_path):
    """A file of which the demuxer gives up a part is refused, though its size is right."""
    source = tmp_path / "in.mkv"
    synthesize(source, "testsrc2=s=64x64:d=2", "-c:v", "libx264")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    result = convtool("video", source, tmp_path / "o.mkv", "-k", "identity")
    assert result.code == 1
    assert "of about 50 frames" in result.err

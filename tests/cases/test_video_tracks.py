"""What lies beside the frames of a video: audio, subtitles, covers, chapters, tags."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import LONG

from convtool.media.video.containers import CONTAINERS
from convtool.media.video.holdings import Kind

CASES = Path(__file__).parent / "av"
SOUND = sorted((CASES / "sound").iterdir())
FORMATS = ("mp4", "mov", "mkv", "avi", "webm")
RATE = 48000
pytestmark = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="ffmpeg and ffprobe are not installed",
)


def ffmpeg(*arguments) -> bytes:
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def probed(path):
    """Return what FFprobe says of a file; it is asked once for each state of the file."""
    return _probed(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=200)
def _probed(path, _changed):
    asked = ["-show_streams", "-show_format", "-show_chapters"]
    command = ["ffprobe", "-v", "error", "-of", "json", *asked, path]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def of_kind(path, kind):
    return [stream for stream in probed(path)["streams"] if stream["codec_type"] == kind]


def heard(path):
    """Return audio by FFmpeg, from the first frame of the video on. Shape: (T,)"""
    return _heard(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=50)
def _heard(path, _changed):
    begin = float(of_kind(path, "video")[0]["start_time"])
    filters = "aresample=async=1:first_pts=0:min_comp=0.00001"
    form = ["-map", "0:a:0", "-af", filters, "-ac", "1", "-ar", RATE, "-f", "s16le", "-"]
    samples = np.frombuffer(ffmpeg("-copyts", "-i", path, *form), np.int16).astype(float)
    skipped = round(begin * RATE)
    return samples[skipped:] if skipped >= 0 else np.pad(samples, (-skipped, 0))


def delay(before, after):
    """Return by how many samples a sound is later after than before."""
    size = 2 * max(len(before), len(after))
    product = np.conj(np.fft.rfft(before, size)) * np.fft.rfft(after, size)
    shift = int(np.argmax(np.fft.irfft(product, size)))
    return shift if shift < size // 2 else shift - size


def bursts(seconds):
    """Return FFmpeg's words for a picture, and for a burst of noise from 0.5 s to 0.6 s."""
    noise = f"aevalsrc=random(0)*between(t\\,0.5\\,0.6):d={seconds}:s={RATE}"
    return ["-f", "lavfi", "-i", f"testsrc=s=16x16:r=25:d={seconds}", "-f", "lavfi", "-i", noise]


def bursting(path, *codec, layout=None):
    """Return FFmpeg's words for a video of these."""
    pan = ["-af", f"aformat=channel_layouts={layout}"] if layout else ["-ac", "2"]
    video = {".ts": "mpeg2video", ".webm": "libvpx"}.get(path.suffix, "mpeg4")
    picture = ["-map", "0", "-map", "1", "-c:v", video, "-g", "5"]
    return [*picture, *pan, *codec, "-strict", "-2", path]


@pytest.fixture(scope="module")
def burst(tmp_path_factory):
    """Return a function that makes a video of one second with a burst of noise, once."""
    folder = tmp_path_factory.mktemp("bursts")

    @cache
    def made(suffix, *codec, layout=None):
        path = folder / f"{'-'.join([*codec, str(layout)])}.{suffix}"
        ffmpeg(*bursts(1), *bursting(path, "-c:a", *codec, layout=layout))
        return path

    return made


@pytest.fixture
def identity(convtool):
    """Filter a video by identity, and return what was said."""

    def run(source, out, *options):
        result = convtool("video", source, out, "-k", "identity", *options)
        assert result.code == 0, result.err
        return result.err

    return run


# --- codecs that are not known -------------------------------------------------------------------


def test_audio_of_an_unknown_codec_is_dropped_with_a_note(identity, tmp_path):
    """The video is filtered where the codec of its audio is not known."""
    said = identity(CASES / "onlyac4.mp4", tmp_path / "o.mp4")
    assert "audio dropped: its codec is not known" in said
    assert [stream["codec_type"] for stream in probed(tmp_path / "o.mp4")["streams"]] == ["video"]
    before, after = (of_kind(p, "video")[0] for p in (CASES / "onlyac4.mp4", tmp_path / "o.mp4"))
    assert before["nb_frames"] == after["nb_frames"]


def test_an_unknown_codec_costs_no_other_input(identity, tmp_path):
    """In a batch, the videos after one with an unknown codec are filtered too."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("onlyac4.mp4", "sync.mp4"):
        shutil.copy(CASES / name, folder)
    identity(folder, f"{tmp_path}/out/", "--merge")
    assert len(list((tmp_path / "out").rglob("*.mp4"))) == 2


def test_audio_of_an_unknown_codec_is_not_copied(convtool, tmp_path):
    """Where audio is to be copied and cannot be, the input is refused and the reason given."""
    out = tmp_path / "o.mp4"
    copied = ["-k", "identity", "--audio", "copy"]
    result = convtool("video", CASES / "onlyac4.mp4", out, *copied)
    assert result.code == 1
    assert "audio cannot be copied: its codec is not known" in result.err
    assert not out.exists()


def hidden(source, codec: bytes, path):
    """Copy a file whose codec is then no codec that anybody knows."""
    path.write_bytes(source.read_bytes().replace(codec, b"zzzz"))
    return path


@pytest.mark.parametrize(
    ("codec", "name", "label"),
    [("ac3", b"ac-3", "audio"), ("aac", b"tx3g", "data stream")],
)
def test_streams_of_unknown_codecs_are_dropped(identity, tmp_path, codec, name, label):
    """Any stream of an unknown codec is left out, with a note."""
    whole = tmp_path / "whole.mp4"
    codecs = ["-c:a", codec, "-c:s", "mov_text"]
    ffmpeg("-i", CASES / "tracks.mkv", "-map", "0", *codecs, "-t", "0.5", whole)
    path = hidden(whole, name, tmp_path / "in.mp4")
    said = identity(path, tmp_path / "o.mkv")
    assert re.search(f"note: .*{label}( 1)? dropped: ", said)


def test_the_video_that_can_be_decoded_is_filtered(identity, tmp_path):
    """Where the codec of the first video is not known, the second is filtered."""
    both = ["-map", "0", "-map", "1", "-c", "copy", tmp_path / "both.mp4"]
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=16x16:d=0.2", "-c:v", "mpeg4", tmp_path / "a.mp4")
    ffmpeg("-i", CASES / "fps120.mp4", "-i", tmp_path / "a.mp4", *both)
    path = hidden(tmp_path / "both.mp4", b"avc1", tmp_path / "in.mp4")
    said = identity(path, tmp_path / "o.mp4")
    assert "further video dropped: its codec is not known" in said
    assert of_kind(tmp_path / "o.mp4", "video")[0]["width"] == 16


# --- audio into every container ------------------------------------------------------------------


@pytest.mark.parametrize("after", FORMATS)
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_audio_is_kept_in_every_container(identity, tmp_path, path, after):
    """Audio of any codec is copied, or encoded anew with a note, and is as loud and long."""
    out = tmp_path / f"o.{after}"
    said = identity(path, out)
    (before,), (stream,) = of_kind(path, "audio"), of_kind(out, "audio")
    codec = stream["codec_name"]
    assert (f"audio re-encoded as {codec}" in said) == (codec != before["codec_name"])
    sound, kept = heard(path), heard(out)
    assert len(kept) == pytest.approx(len(sound), abs=0.08 * RATE)
    assert np.std(kept) == pytest.approx(np.std(sound), rel=0.15)


ENCODERS = {
    "aac": ["aac"],
    "ac3": ["ac3"],
    "adpcm_ima_qt": ["adpcm_ima_qt"],
    "alac": ["alac"],
    "dts": ["dca"],
    "eac3": ["eac3"],
    "flac": ["flac"],
    "mlp": ["mlp"],
    "mp2": ["mp2"],
    "mp3": ["libmp3lame"],
    "opus": ["libopus"],
    "truehd": ["truehd"],
    "vorbis": ["libvorbis"],
    "wavpack": ["wavpack"],
    "wmav1": ["wmav1"],
    "wmav2": ["wmav2"],
}


def pairs() -> Iterator[tuple[str, str]]:
    """Yield each container with each codec of audio that it can hold."""
    for container in CONTAINERS:
        for codec in getattr(container.holds.get(Kind.AUDIO), "names", ()):
            yield container.suffixes[0], codec


def listened_to() -> set[tuple[str, str]]:
    """Return all pairs with CONVTOOL_LONG=1, otherwise some: each container, and each codec."""
    met: set[str] = set()
    found = set()
    for pair in sorted(pairs(), key=lambda pair: pair[1].startswith("pcm")):
        if LONG or not met.issuperset(pair):
            met.update(pair)
            found.add(pair)
    return found


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Return short videos by the codec of their audio, all made at once."""
    folder, made, words = tmp_path_factory.mktemp("spoken"), {}, []
    for codec in sorted({codec for _, codec in pairs()}):
        suffix = "mov" if codec.startswith(("adpcm", "pcm")) else "mkv"
        made[codec] = folder / f"{codec}.{suffix}"
        words += bursting(made[codec], "-c:a", *ENCODERS.get(codec, [codec]))
    ffmpeg(*bursts(0.7), *words)
    return made


@pytest.mark.parametrize(("suffix", "codec"), list(pairs()))
def test_the_tables_of_audio_are_true(identity, tmp_path, spoken, suffix, codec):
    """What a container is said to hold can be copied into it, and is heard as before."""
    path, out = spoken[codec], tmp_path / f"o{suffix}"
    assert "note:" not in identity(path, out, "--audio", "copy")
    with av.open(str(out)) as container:
        (track,) = container.streams.audio
        assert track.codec.canonical_name == codec
    if (suffix, codec) not in listened_to():
        return
    (stream,) = of_kind(out, "audio")
    assert stream["codec_name"] == codec
    before, after = heard(path), heard(out)
    # AVI does not say by how much a decoder is late
    late = 2100 if suffix == ".avi" else 32
    shift = delay(before, after)
    assert 0 <= abs(shift) <= late
    length = round(0.65 * RATE) - 2100
    assert np.corrcoef(before[2100:length], after[2100 + shift : length + shift])[0, 1] > 0.98


PART = ["--start", "0.3", "--duration", "0.5"]


@pytest.mark.parametrize(
    ("suffix", "codec", "after", "options"),
    [
        ("mkv", "aac", "mp4", []),
        ("mkv", "aac", "webm", PART),
        ("webm", "libopus", "mov", []),
        ("webm", "libopus", "avi", PART),
        ("mkv", "libmp3lame", "mkv", PART),
        ("mkv", "libmp3lame", "avi", []),
        ("ts", "aac", "mp4", PART),
        ("ts", "aac", "webm", []),
        ("mov", "alac", "mp4", PART),
    ],
)
def test_encoded_audio_is_in_step(identity, burst, tmp_path, suffix, codec, after, options):
    """Audio that is encoded anew is heard when it was, to the millisecond, in parts too."""
    path = burst(suffix, codec)
    out = tmp_path / f"o.{after}"
    said = identity(path, out, "--audio", "encode", *options)
    assert "audio re-encoded as" in said
    begun = round(0.3 * RATE) if options else 0
    assert delay(heard(path)[begun:], heard(out)) == pytest.approx(0, abs=RATE // 1000)
    if options:
        assert len(heard(out)) <= 0.5 * RATE + 4608


@cache
def decoded(path):
    """Return the audio of a file that does not change, in 32 bits."""
    return ffmpeg("-i", path, "-map", "0:a", "-f", "s32le", "-")


@pytest.mark.parametrize("codec", ["flac", "truehd", "pcm_s24le"])
@pytest.mark.parametrize("after", ["mp4", "mov", "avi"])
def test_lossless_audio_stays_lossless(identity, burst, tmp_path, codec, after):
    """Audio that was stored without loss is encoded without loss, sample for sample."""
    path, out = burst("mkv", codec), tmp_path / f"o.{after}"
    identity(path, out)
    before, after = decoded(path), decoded(out)
    assert before[: len(after)] == after[: len(before)]
    assert len(after) == pytest.approx(len(before), rel=0.01)


@pytest.mark.parametrize(
    ("codec", "layout", "after", "said"),
    [
        ("ac3", "5.1(side)", "webm", "audio re-encoded as opus: WebM cannot hold ac3"),
        ("dca", "5.1(side)", "webm", "audio re-encoded as opus: WebM cannot hold dts"),
        ("flac", "7.1", "mov", "audio re-encoded as pcm_s24le: MOV cannot hold flac"),
        ("libopus", "7.1", "avi", "audio re-encoded as ac3, mixed down to 5.1: AVI cannot hold"),
        ("libvorbis", "quad", "mp4", "audio re-encoded as aac: MP4 cannot hold vorbis"),
        ("flac", "2.1", "webm", "audio re-encoded as opus, mixed down to stereo: WebM cannot"),
    ],
)
def test_channels_are_kept_where_they_can_be(identity, burst, tmp_path, codec, layout, after, said):
    """All channels are kept where an encoder takes them; otherwise the note says so."""
    path = burst("mkv", codec, layout=layout)
    assert said in identity(path, tmp_path / f"o.{after}")
    (before,), (stream,) = of_kind(path, "audio"), of_kind(tmp_path / f"o.{after}", "audio")
    if "mixed" not in said:
        assert stream["channels"] == before["channels"]


def test_an_unusual_rate_is_converted(identity, burst, tmp_path):
    """A rate that no encoder takes becomes one that it takes, without a loss."""
    path = burst("mkv", "flac", "-ar", "44100")
    identity(path, tmp_path / "o.webm")
    (stream,) = of_kind(tmp_path / "o.webm", "audio")
    assert stream["sample_rate"] == "48000"


def test_audio_is_dropped_on_request(identity, tmp_path):
    """With --audio drop the output has none, and nothing is said."""
    said = identity(CASES / "tracks.mp4", tmp_path / "o.mp4", "--audio", "drop")
    assert of_kind(tmp_path / "o.mp4", "audio") == []
    assert "note:" not in said


def test_what_cannot_be_copied_is_refused_on_request(convtool, tmp_path):
    """With --audio copy, audio is never encoded."""
    path, out = CASES / "sound" / "wmav2.wmv", tmp_path / "o.mp4"
    result = convtool("video", path, out, "-k", "identity", "--audio", "copy")
    assert result.code == 1
    assert "audio cannot be copied: MP4 cannot hold wmav2" in result.err
    assert "hint: --audio encode or drop" in result.err


def test_what_becomes_of_audio_is_one_of_three(convtool, tmp_path):
    """Another word for --audio is refused with the words that it takes."""
    result = convtool("video", CASES / "sync.mp4", tmp_path / "o.mp4", "--audio", "keep")
    assert result.code == 2
    assert "--audio" in result.err
    assert "'keep'" in result.err


def test_several_outputs_have_the_same_audio(convtool, burst, tmp_path):
    """Each of several outputs decodes the audio by itself."""
    path = burst("mkv", "ac3")
    options = ["-k", "identity", "--split", "--format", "webm"]
    assert convtool("video", path, f"{tmp_path}/out/", *options).code == 0
    first, *others = (heard(out) for out in sorted((tmp_path / "out").iterdir()))
    assert len(others) == 2
    assert all(np.abs(other - first).max() < 2000 for other in others)
    assert np.std(first) == pytest.approx(np.std(heard(path)), rel=0.3)


# --- tracks --------------------------------------------------------------------------------------


def described(path):
    """Return each stream's kind, language and whether it is the default."""
    return [
        (each["codec_type"], each["tags"].get("language"), each["disposition"]["default"])
        for each in probed(path)["streams"]
        if each["codec_type"] != "data"
    ]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_tracks_are_kept(identity, tmp_path, suffix):
    """Languages, titles, default tracks and chapters are those of the input."""
    path, out = CASES / f"tracks.{suffix}", tmp_path / f"o.{suffix}"
    said = identity(path, out)
    assert "note:" not in said
    assert described(out) == described(path)
    assert {language for _, language, _ in described(out)} >= {"deu", "eng", "fra"}
    for chapters in (probed(path)["chapters"], probed(out)["chapters"]):
        assert [chapter["tags"]["title"] for chapter in chapters] == ["One", "Two"]
        assert float(chapters[1]["start_time"]) == pytest.approx(1, abs=0.03)
    assert probed(out)["format"]["tags"]["title"] == "My film"
    titles = [stream.metadata.get("title") or stream.metadata.get("name") for stream in opened(out)]
    assert titles[1:3] == ["Deutsch", "Commentary"]


def opened(path):
    with av.open(str(path)) as container:
        return list(container.streams)


def test_apples_tags_are_kept(identity, tmp_path):
    """The keys of Apple's devices are in the output."""
    said = identity(CASES / "apple.mov", tmp_path / "o.mov")
    assert "note:" not in said
    before, after = (
        {k: v for k, v in probed(p)["format"]["tags"].items() if k.startswith("com.apple")}
        for p in (CASES / "apple.mov", tmp_path / "o.mov")
    )
    assert len(before) == 4
    assert after == before


@pytest.mark.parametrize(("after", "kept"), [("mp4", True), ("mkv", True), ("mov", False)])
def test_a_cover_is_kept_or_noted(identity, tmp_path, after, kept):
    """A cover stays the same picture, or a note names it."""
    said = identity(CASES / "cover.mp4", tmp_path / f"o.{after}")
    covers = [
        each
        for each in of_kind(tmp_path / f"o.{after}", "video")
        if each["disposition"]["attached_pic"]
    ]
    assert len(covers) == kept
    assert ("cover dropped: MOV cannot hold mjpeg" in said) != kept
    if kept:
        picture = ["-map", "0:v:1", "-c", "copy", "-f", "rawvideo", "-"]
        before, copied = (
            ffmpeg("-i", p, *picture) for p in (CASES / "cover.mp4", tmp_path / f"o.{after}")
        )
        assert copied == before


@pytest.mark.parametrize("options", [["--start", "0.5"], ["--start", "0.5", "--duration", "1"]])
def test_chapters_of_a_part(identity, tmp_path, options):
    """Chapters begin and end with the part that is shown."""
    identity(CASES / "tracks.mkv", tmp_path / "o.mkv", *options)
    first, second = probed(tmp_path / "o.mkv")["chapters"]
    assert float(first["start_time"]) == 0
    assert float(first["end_time"]) == pytest.approx(0.5, abs=0.03)
    end = 1 if len(options) == 4 else 2.5
    assert float(second["end_time"]) == pytest.approx(end, abs=0.03)


def test_chapters_outside_a_part_are_left_out(identity, tmp_path):
    """A chapter that is not shown is not in the output."""
    identity(CASES / "tracks.mkv", tmp_path / "o.mkv", "--start", "1.5")
    assert [c["tags"]["title"] for c in probed(tmp_path / "o.mkv")["chapters"]] == ["Two"]


@pytest.mark.parametrize(
    ("options", "code"), [([], "01:00:00:00"), (["--start", "0.4"], "01:00:00:10")]
)
def test_the_timecode_is_that_of_the_first_frame(identity, tmp_path, options, code):
    """A part has the timecode of its own first frame."""
    picture = ["-f", "lavfi", "-i", "testsrc=s=16x16:r=25:d=1", "-c:v", "mpeg4"]
    ffmpeg(*picture, "-timecode", "01:00:00:00", tmp_path / "in.mov")
    identity(tmp_path / "in.mov", tmp_path / "o.mov", *options)
    (stream,) = of_kind(tmp_path / "o.mov", "data")
    assert stream["tags"]["timecode"] == code


@pytest.mark.parametrize(("source", "codec"), [("srt", "mov_text"), ("ass", "mov_text")])
def test_subtitles_are_converted(identity, tmp_path, source, codec):
    """Text subtitles become the format of the container, at their times, with a note."""
    text = "1\n00:00:00,200 --> 00:00:00,600\n<i>Grüße</i>\nzwei\n"
    (tmp_path / "s.srt").write_text(text)
    picture = ["-f", "lavfi", "-i", "testsrc=s=16x16:r=25:d=1", "-i", tmp_path / "s.srt"]
    ffmpeg(*picture, "-c:v", "mpeg4", "-c:s", source, tmp_path / "in.mkv")
    said = identity(tmp_path / "in.mkv", tmp_path / "o.mp4")
    assert f"subtitles converted to {codec}" in said
    read = (
        ffmpeg("-i", tmp_path / "o.mp4", "-map", "0:s", "-f", "srt", "-").decode().replace("\r", "")
    )
    assert read.split("\n")[1:4] == ["00:00:00,200 --> 00:00:00,600", "Grüße", "zwei"]
    identity(tmp_path / "o.mp4", tmp_path / "back.mkv")
    back = (
        ffmpeg("-i", tmp_path / "back.mkv", "-map", "0:s", "-f", "srt", "-")
        .decode()
        .replace("\r", "")
    )
    assert back == read


def test_a_second_video_is_copied(identity, tmp_path):
    """A second video stays as it is where the container holds its codec."""
    lavfi = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=16x16:d=0.4",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=32x32:d=0.4",
    ]
    maps = ["-map", "0", "-map", "1", "-c:v", "libx264", "-bf", "2"]
    ffmpeg(*lavfi, *maps, tmp_path / "in.mkv")
    assert "note:" not in identity(tmp_path / "in.mkv", tmp_path / "o.mp4")
    second = ["-map", "0:v:1", "-f", "rawvideo", "-"]
    before, after = (ffmpeg("-i", tmp_path / name, *second) for name in ("in.mkv", "o.mp4"))
    assert after == before
    assert "further video dropped: AVI cannot hold h264" in identity(
        tmp_path / "in.mkv", tmp_path / "o.avi"
    )


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_av1_is_encoded_without_real_time_priority(convtool, tmp_path):
    """SVT-AV1 leaves neither this thread nor its own ones before all other programs."""
    options = ["-k", "identity", "--codec", "av1", "--frames", "2"]
    assert convtool("video", CASES / "fps120.mp4", tmp_path / "out.mkv", *options).code == 0
    threads = [int(task.name) for task in Path("/proc/self/task").iterdir()]
    policies = set(map(os.sched_getscheduler, threads))
    assert policies == {os.SCHED_OTHER}


@pytest.mark.parametrize("frames", [1, 2])
def test_a_video_shorter_than_the_delay_of_x265(convtool, tmp_path, frames):
    """HEVC of one or two frames has them at their times, decoding times included."""
    out = tmp_path / "out.mp4"
    options = ["-k", "identity", "--codec", "hevc", "--frames", str(frames), "--audio", "drop"]
    result = convtool("video", CASES / "fps120.mp4", out, *options)
    assert result.code == 0, result.err
    with av.open(str(out)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    assert len(packets) == frames
    assert all(
        -0.1 < packet.dts * packet.time_base <= packet.pts * packet.time_base < 0.1
        for packet in packets
    )


@pytest.mark.parametrize("codec", ["av1", "hevc"])
def test_encoders_print_nothing(convtool, program, tmp_path, codec):
    """What encoders print by themselves, to the descriptor itself, does not reach the user."""
    out = tmp_path / f"{codec}.mkv"
    options = ["-k", "identity", "--codec", codec, "--frames", "2", "--overwrite"]
    result = convtool("video", CASES / "fps120.mp4", out, *options)
    assert (result.code, result.out, result.err) == (0, "", f"wrote {out}\n")
    if LONG:
        done = program("video", CASES / "fps120.mp4", out, *options)
        assert (done.returncode, done.stdout.decode()) == (0, "")
        assert done.stderr.decode().splitlines() == [f"wrote {out}"]


def test_a_refusal_says_why(convtool, tmp_path):
    """An encoder's own reason is in the message, beside the name of the stream."""
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=1x1:d=0.2", "-c:v", "ffv1", tmp_path / "in.mkv")
    out = tmp_path / "o.mp4"
    result = convtool("video", tmp_path / "in.mkv", out, "-k", "identity", "--codec", "hevc")
    assert result.code == 1
    assert "the video cannot be encoded as libx265 in MP4: Image size is too small" in result.err

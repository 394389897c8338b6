"""Conservation: what a video carries is in the output, or named in a note.

For each pair of containers, a file with everything in it goes through `-k identity`. FFprobe lists
what was there before and what is there after.
"""

import json
import shutil
import subprocess
from collections import Counter

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="ffmpeg and ffprobe are not installed",
)
SUBTITLES = "1\n00:00:00,000 --> 00:00:00,150\nHello\n"
CHAPTERS = """;FFMETADATA1
title=My film
artist=Ärmel
comment=a comment
x_rating=7
[CHAPTER]
TIMEBASE=1/1000
START=0
END=100
title=One
[CHAPTER]
TIMEBASE=1/1000
START=100
END=200
title=Two
"""
FIRST = ["-metadata:s:a:0", "language=ger", "-metadata:s:a:0", "title=Deutsch"]
SECOND = ["-metadata:s:a:1", "language=eng", "-metadata:s:a:1", "title=Commentary"]
THIRD = ["-metadata:s:s:0", "language=fra", "-metadata:s:s:0", "title=Sous-titres"]
LANGUAGES = [*FIRST, *SECOND, "-metadata:s:v:0", "language=jpn"]
DISPOSITIONS = ["-disposition:a:0", "default", "-disposition:a:1", "comment"]
FORCED = ["-disposition:s:0", "forced"]
COVER = ["-map", "4:v", "-c:v:1", "copy", "-disposition:v:1", "attached_pic"]
TIMECODE = ["-timecode", "01:02:03:04"]
APPLE = ["-metadata", "com.apple.quicktime.make=Apple", "-movflags", "use_metadata_tags"]
FONT = ["-attach", "font.ttf", "-metadata:s:t", "mimetype=font/ttf"]
PICTURE = [
    "-attach",
    "cover.jpg",
    "-metadata:s:t:1",
    "mimetype=image/jpeg",
    "-metadata:s:t:1",
    "filename=cover.jpg",
]
SECOND_VIDEO = ["-map", "0:v"]
SUBTITLE = ["-map", "3:s", *THIRD, *FORCED]
SOURCES = {
    "mp4": ["mpeg4", "aac", *SUBTITLE, "-c:s", "mov_text", *COVER, *TIMECODE],
    "mov": ["mpeg4", "pcm_s16le", *SUBTITLE, "-c:s", "mov_text", *TIMECODE, *APPLE],
    "mkv": ["mpeg4", "ac3", *SUBTITLE, "-c:s", "ass", *SECOND_VIDEO, *FONT, *PICTURE],
    "webm": ["libvpx", "libvorbis", *SUBTITLE, "-c:s", "webvtt"],
    "avi": ["mpeg4", "libmp3lame"],
    "ts": ["mpeg2video", "aac", *SECOND_VIDEO],
    "wmv": ["wmv2", "wmav2"],
}
OUTPUTS = ("mp4", "mov", "mkv", "webm", "avi", "gif")
# what a file says of itself, and what ffprobe says of every stream
BOOKKEEPING = {
    "compatible_brands",
    "creation_time",
    "duration",
    "encoder",
    "handler_name",
    "major_brand",
    "minor_version",
    "software",
    "vendor_id",
    "filename",
    "mimetype",
}
FLAGS = {"forced", "comment", "dub", "original", "hearing_impaired", "visual_impaired"}
IN_QUICKTIME = {"deu": "ger"}


def run(*arguments, cwd):
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *arguments], cwd=cwd, check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Return a folder with a file of each container that has everything in it."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "s.srt").write_text(SUBTITLES)
    (folder / "chapters.txt").write_text(CHAPTERS)
    (folder / "font.ttf").write_bytes(b"\0\1\0\0" + bytes(60))
    run("-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1", "cover.jpg", cwd=folder)
    picture = ["-f", "lavfi", "-i", "testsrc=s=32x32:r=25:d=0.2,setsar=4/3"]
    sound = ["-f", "lavfi", "-i", "sine=440:r=48000:d=0.2"]
    rest = ["-i", "chapters.txt", "-i", "s.srt", "-i", "cover.jpg", "-map_metadata", "2"]
    tracks = ["-map", "0:v", "-map", "1:a", "-map", "1:a", *LANGUAGES, *DISPOSITIONS]
    for suffix, (video, audio, *more) in SOURCES.items():
        codecs = ["-c:v", video, "-c:a", audio, "-ac", "2"]
        run(*picture, *sound, *rest, *tracks, *codecs, *more, f"in.{suffix}", cwd=folder)
    return folder


def inventory(path):
    """Return how often each thing is in a file, by FFprobe."""
    asked = ["-show_streams", "-show_format", "-show_chapters"]
    command = ["ffprobe", "-v", "error", "-of", "json", *asked, path]
    shown = subprocess.run(command, check=True, capture_output=True)
    probed = json.loads(shown.stdout)
    found = Counter()
    for stream in probed["streams"]:
        found.update(things(stream, chapters=bool(probed["chapters"])))
    for chapter in probed["chapters"]:
        found["chapters", chapter["tags"]["title"]] += 1
    for key, text in probed["format"].get("tags", {}).items():
        if key.lower() not in BOOKKEEPING and not key.endswith("-eng"):
            kind = "timecode" if key.lower() == "timecode" else "tags"
            found[kind, f"{key.lower()} {text}"] += 1
    # a cover may have a timecode of its own
    return Counter({item: 1 if item[0] == "timecode" else count for item, count in found.items()})


def things(stream, *, chapters):
    """Yield what a stream is, and what is said of it."""
    kind, codec = stream["codec_type"], stream.get("codec_name", "")
    tags = stream.get("tags", {})
    if kind == "data" and "timecode" in tags:
        yield "timecode", f"timecode {tags['timecode']}"
    elif kind == "data":
        # the titles of chapters are such a stream
        yield from () if chapters else [("data stream", codec)]
    elif stream["disposition"]["attached_pic"]:
        yield "cover", ""
    elif kind == "attachment":
        yield "attachment", tags["filename"]
    else:
        yield kind, codec if kind == "audio" else ""
        yield from said(stream["disposition"], tags)


def said(flags, tags):
    """Yield what is said of a stream."""
    yield from (("flags", flag) for flag in FLAGS if flags[flag])
    for key, text in tags.items():
        if key.lower() == "language" and text != "und":
            yield "languages", IN_QUICKTIME.get(text, text)
        elif key.lower() == "title":
            yield "titles", text


def named(kind, name, notes):
    """Return whether a note names a thing that was lost."""
    lines = [line for line in notes.splitlines() if line.startswith("note:")]
    words = {
        "video": ["further video"],
        "audio": ["audio", name],
        "subtitle": ["subtitles", "dropped"],
        "cover": ["cover", "dropped"],
        "attachment": ["attachment", name, "dropped"],
        "chapters": ["chapters dropped"],
        "timecode": ["timecode dropped"],
        "tags": ["tags dropped", name.partition(" ")[0]],
        "languages": ["languages of streams dropped", name],
        "titles": ["titles of streams dropped", name],
        "flags": ["flags of streams dropped", name],
        "data stream": ["data stream"],
    }[kind]
    return any(all(word in line for word in words) for line in lines)


@pytest.mark.parametrize("after", OUTPUTS)
@pytest.mark.parametrize("before", SOURCES)
def test_what_is_lost_is_named(convtool, sources, tmp_path, before, after):
    """Whatever FFprobe finds in the input and not in the output is named in a note."""
    out = tmp_path / f"out.{after}"
    result = convtool("video", sources / f"in.{before}", out, "-k", "identity")
    assert result.code == 0, result.err
    lost = inventory(sources / f"in.{before}") - inventory(out)
    content = out.read_bytes()
    unsaid = []
    for kind, name in lost:
        # FFmpeg 5 does not read the titles of tracks in MP4
        written = kind == "titles" and name.encode() in content
        # what is said of a stream goes with it
        gone = kind in ("languages", "titles", "flags") and stream_gone(result.err)
        if not written and not gone and not named(kind, name, result.err):
            unsaid.append((kind, name))
    assert not unsaid, result.err


def stream_gone(notes):
    return any(
        f"{kind} dropped" in notes or f"{kind} 1 dropped" in notes
        for kind in ("audio", "subtitles")
    )

"""What audio files say beside their samples, read and written without a library."""

import io
import os
import struct
import subprocess
import sys

import mutagen
import numpy as np
import pytest
import soundfile
from conftest import ROOT
from mutagen import apev2, flac, id3, mp4
from tones import decoded, ffmpeg, need, tones

from convtool.media.audio.containers import ogg
from convtool.media.audio.metadata.ape import parse_ape
from convtool.media.audio.metadata.chunks import RIFF, places
from convtool.media.audio.metadata.id3 import build_id3, parse_id3
from convtool.media.audio.metadata.ilst import read_ilst
from convtool.media.audio.metadata.model import (
    Capacity,
    Chapter,
    Chunk,
    Metadata,
    Picture,
    fitted,
)
from convtool.media.audio.metadata.vorbis import build_comments, parse_comments

RATE = 48000
FULL = Metadata(
    (("TITLE", "жёлт 音"), ("ARTIST", "one"), ("ARTIST", "two"), ("MY OWN", "x"), ("BPM", "131")),
    (Picture(b"\x89PNG...", "image/png", 4, "задник"),),
    (Chapter(0, 62.5, "I"), Chapter(62.5, 100, "II")),
)


def test_comments_come_back():
    """Vorbis comments hold everything: repeated tags, pictures, chapters."""
    before = struct.pack("<I", 7) + b"libwhat"
    block = build_comments(FULL, before, pictures=True)
    assert block.startswith(before)
    found = parse_comments(block)
    assert (found.tags, found.pictures) == (FULL.tags, FULL.pictures)
    assert [(c.start, c.title) for c in found.chapters] == [(0, "I"), (62.5, "II")]


def test_id3_comes_back():
    """ID3v2.4 holds everything as well."""
    assert parse_id3(build_id3(FULL)) == FULL


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("encoding", [0, 1, 2, 3])
def test_id3_of_mutagen_is_read(tmp_path, version, encoding):
    """All encodings of text, in both versions; years and genres by number, too."""
    if version == 3 and encoding > 1:
        pytest.skip("ID3v2.3 has Latin and UTF-16 only")
    text = "café" if encoding == 0 else "жёлт 音"
    tags = id3.ID3()
    tags.add(id3.TIT2(encoding=encoding, text=text))
    tags.add(id3.TDRC(encoding=encoding, text="2017-03-19"))
    tags.add(id3.TCON(encoding=encoding, text="(17)"))
    tags.add(id3.COMM(encoding=encoding, lang="eng", desc="", text=f"{text}\nsecond line"))
    tags.add(id3.TXXX(encoding=encoding, desc="replaygain_track_gain", text="-6.50 dB"))
    tags.add(
        id3.APIC(encoding=encoding, mime="image/jpeg", type=3, desc=text, data=b"\xff\xd8\0\0")
    )
    tags.add(id3.PRIV(owner="me", data=b"private"))
    path = tmp_path / "a.id3"
    tags.update_to_v23() if version == 3 else tags.update_to_v24()
    tags.save(path, v2_version=version)
    found = parse_id3(path.read_bytes())
    values = dict(found.tags)
    assert values["TITLE"] == text
    assert values["DATE"].startswith("2017")
    assert values["GENRE"] == "Rock"
    assert values["COMMENT"] == f"{text}\nsecond line"
    assert values["REPLAYGAIN_TRACK_GAIN"] == "-6.50 dB"
    assert found.pictures == (Picture(b"\xff\xd8\0\0", "image/jpeg", 3, text),)
    assert b"PRIV" in [chunk.id for chunk in found.chunks]


def test_the_oldest_id3_is_read():
    """ID3v2.2 has frames of three letters."""
    frames = b"TT2\0\0\x05\0Tone" + b"TYE\0\0\x05\x002017" + b"PIC\0\0\x0b\0PNG\x03d\0\x89PNG"
    head = b"ID3\x02\0\0" + bytes([0, 0, 0, len(frames)])
    found = parse_id3(head + frames)
    assert found.tags == (("TITLE", "Tone"), ("DATE", "2017"))
    assert found.pictures == (Picture(b"\x89PNG", "image/png", 3, "d"),)


def test_unsynchronized_id3_is_read():
    """Bytes that look like a frame of MP3 are hidden in some tags."""
    picture = b"\0image/jpeg\0\x03\0\xff\0\xe0\xff\0\0"
    frame = b"APIC" + len(picture).to_bytes(4, "big") + b"\0\0" + picture
    plain = picture.replace(b"\xff\0", b"\xff")
    frame = b"APIC" + len(plain).to_bytes(4, "big") + b"\0\0" + picture
    found = parse_id3(b"ID3\x03\0\x80" + bytes([0, 0, 0, len(frame)]) + frame)
    assert found.pictures[0].data == b"\xff\xe0\xff\0"


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_damaged_tags_raise_nothing(cut):
    """Tags that end early, or state lengths beyond their end, give what is whole."""
    for parse, data in (
        (parse_id3, build_id3(FULL)),
        (parse_comments, build_comments(FULL, b"\0\0\0\0", pictures=True)),
        (parse_ape, ape_tag()),
        (lambda data: read_ilst(io.BytesIO(data)), struct.pack(">I4s", 400, b"moov") + bytes(390)),
    ):
        parse(data[:cut])
        noisy = bytearray(data)
        noisy[cut % len(noisy)] ^= 0xFF
        parse(bytes(noisy))


def ape_tag():
    """Return an APEv2 tag made by mutagen."""
    tag, file = apev2.APEv2(), io.BytesIO()
    tag["Title"], tag["Year"], tag["REPLAYGAIN_TRACK_GAIN"] = "жёлт", "2017", "-6.50 dB"
    tag["Cover Art (Front)"] = apev2.APEValue(b"c.png\0\x89PNG...", apev2.BINARY)
    tag.save(file)
    return file.getvalue()


def test_ape_tags_are_read():
    """APEv2 tags, as mp3gain writes them, hold text and a cover."""
    found = parse_ape(ape_tag())
    assert set(found.tags) == {
        ("TITLE", "жёлт"),
        ("DATE", "2017"),
        ("REPLAYGAIN_TRACK_GAIN", "-6.50 dB"),
    }
    assert found.pictures == (Picture(b"\x89PNG...", "image/png"),)


def test_notes_follow_from_what_a_format_holds():
    """One note for each kind that is lost, none for what is kept."""
    chunk = Chunk("RIFF", b"bext", b"", timed=True)
    metadata = Metadata(FULL.tags, FULL.pictures, FULL.chapters, (chunk,))
    everything = Capacity(None, pictures=True, chapters=True, homes=frozenset({"RIFF"}))
    assert fitted(metadata, everything, "X", moved=False) == (metadata, ())
    kept, notes = fitted(metadata, Capacity(frozenset({"TITLE"})), "X", moved=True)
    assert kept == Metadata((FULL.tags[0],))
    assert notes == (
        "tags ARTIST, MY OWN, BPM dropped: X cannot hold them",
        "1 picture dropped: X cannot hold it",
        "2 chapters dropped: X cannot hold them",
        "bext dropped: X cannot hold it",
    )
    assert fitted(metadata, everything, "X", moved=True)[1] == (
        "bext dropped: the positions of samples have changed",
    )


def identity(convtool, source, out):
    """Filter a file by the identity, and return what was said."""
    result = convtool("audio", source, out, "-k", "identity")
    assert result.code == 0, result.err
    return result.err


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus", "mp3", "m4a", "wav", "aiff"])
def test_a_large_cover_leaves_the_samples_alone(convtool, tmp_path, suffix):
    """A cover of many Ogg pages renumbers all that follow; every format decodes without a flaw."""
    sound = tones([440, 660], 0.5)
    soundfile.write(tmp_path / "in.flac", sound, RATE)
    file = flac.FLAC(tmp_path / "in.flac")
    cover = flac.Picture()
    cover.data, cover.mime, cover.type = b"\xff\xd8\xff" + os.urandom(300_000), "image/jpeg", 3
    file.add_picture(cover)
    file.save()
    out = tmp_path / f"o.{suffix}"
    assert "note" not in identity(convtool, tmp_path / "in.flac", out)
    assert out.stat().st_size > 300_000
    if suffix in ("ogg", "opus"):
        (link,) = ogg.links(io.BytesIO(out.read_bytes()))
        assert (link.flaw, link.ended) == ("", True)
    ffmpeg("-xerror", "-i", out, "-map", "0:a", "-f", "null", "-")
    back = identity(convtool, out, tmp_path / "back.flac")
    assert "note" not in back.replace("stored as PCM_24", "")
    assert flac.FLAC(tmp_path / "back.flac").pictures[0].data == cover.data
    samples = soundfile.read(tmp_path / "back.flac")[0]
    assert len(samples) == len(sound)
    assert np.corrcoef(samples[1000:-1000, 0], sound[1000:-1000, 0])[0, 1] > 0.99


def test_a_cover_that_flac_cannot_hold_is_noted(convtool, tmp_path):
    """A block of FLAC has at most 16 MB."""
    soundfile.write(tmp_path / "in.wav", tones([440], 0.1), RATE)
    file = mutagen.File(tmp_path / "in.wav")
    file.add_tags()
    file.tags.add(id3.APIC(encoding=3, mime="image/png", type=3, desc="", data=bytes(2**24)))
    file.save()
    said = identity(convtool, tmp_path / "in.wav", tmp_path / "o.flac")
    assert "1 picture dropped: FLAC cannot hold it" in said


def with_chunk(path, order, name, content):
    """Append a chunk to a file whose size stands at its fourth byte."""
    data = path.read_bytes() + name + len(content).to_bytes(4, order) + content
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, order) + data[8:])


@pytest.mark.parametrize(
    ("suffix", "order", "chunks"),
    [("wav", "little", [b"abcd", b"axml"]), ("aiff", "big", [b"MARK", b"APPL"])],
)
def test_chunks_are_carried_to_the_same_kind_of_file(convtool, tmp_path, suffix, order, chunks):
    """Chunks of nobody we know come out byte for byte; another kind of file gets a note."""
    path, out = tmp_path / f"in.{suffix}", tmp_path / f"o.{suffix}"
    soundfile.write(path, tones([440], 0.1), RATE)
    for name in chunks:
        with_chunk(path, order, name, b"content " + name)
    assert "note" not in identity(convtool, path, out)
    data = out.read_bytes()
    assert all(name + (12).to_bytes(4, order) + b"content " + name in data for name in chunks)
    assert np.array_equal(soundfile.read(out)[0], soundfile.read(path)[0])
    said = identity(convtool, path, tmp_path / "o.flac")
    assert all(name.decode() in said for name in chunks)


def test_blocks_of_flac_are_carried(convtool, tmp_path):
    """The block of an application comes out as it was."""
    soundfile.write(tmp_path / "in.flac", tones([440], 0.1), RATE)
    data = (tmp_path / "in.flac").read_bytes()
    block = b"\x02" + (12).to_bytes(3, "big") + b"riffcontents"
    (tmp_path / "in.flac").write_bytes(data[:42] + block + data[42:])
    assert "note" not in identity(convtool, tmp_path / "in.flac", tmp_path / "o.flac")
    assert b"riffcontents" in (tmp_path / "o.flac").read_bytes()
    said = identity(convtool, tmp_path / "in.flac", tmp_path / "o.wav")
    assert "APPLICATION dropped: WAV cannot hold it" in said


def test_items_of_m4a_are_carried(convtool, tmp_path):
    """Items that have no name elsewhere are kept in M4A, and noted elsewhere."""
    soundfile.write(tmp_path / "in.wav", tones([440], 0.1), RATE)
    identity(convtool, tmp_path / "in.wav", tmp_path / "in.m4a")
    file = mp4.MP4(tmp_path / "in.m4a")
    file["pgap"], file["stik"], file["tmpo"] = True, [6], [131]
    file["\xa9ART"] = ["one", "two"]
    file.save()
    assert "note" not in identity(convtool, tmp_path / "in.m4a", tmp_path / "o.m4a")
    found = mp4.MP4(tmp_path / "o.m4a")
    assert (found["pgap"], found["stik"], found["tmpo"]) == (True, [6], [131])
    assert found["\xa9ART"] == ["one", "two"]
    said = identity(convtool, tmp_path / "in.m4a", tmp_path / "o.flac")
    assert "pgap, stik dropped: FLAC cannot hold them" in said
    assert flac.FLAC(tmp_path / "o.flac")["artist"] == ["one", "two"]


def test_tags_that_info_holds_are_an_info_list(convtool, tmp_path):
    """Where an INFO list is enough, there is no ID3 tag beside it, which readers might prefer."""
    soundfile.write(tmp_path / "in.flac", tones([440], 0.1), RATE)
    file = flac.FLAC(tmp_path / "in.flac")
    file["title"] = "жёлт"
    file.save()
    identity(convtool, tmp_path / "in.flac", tmp_path / "o.wav")
    with (tmp_path / "o.wav").open("rb") as out:
        ids = [place.id for place in places(out, RIFF)]
    assert ids == [b"fmt ", b"data", b"LIST"]
    with soundfile.SoundFile(tmp_path / "o.wav") as out:
        assert out.title == "жёлт"
    assert len(decoded(tmp_path / "o.wav")) == 4800


HEADERS = {
    "wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0\0\x77\x01\0\x02\0\x10\0"
    b"data\0\0\0\0",
    "mp3": build_id3(FULL),
    "ogg": b"OggS",
    "flac": b"fLaC",
    "m4a": b"\0\0\0\x14ftypM4A \0\0\0\0M4A ",
    "aiff": b"FORM\0\0\0\x04AIFF",
    "caf": b"caff\0\x01\0\0",
    "w64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0",
    "aac": b"\xff\xf1\x50\x80",
    "mka": b"\x1a\x45\xdf\xa3",
}


ONE_BY_ONE = """
import sys
from convtool.cli.app import run
for path in sys.argv[2:]:
    code = run(["audio", path, sys.argv[1], "-k", "identity"])
    print(code, "=" * 20, file=sys.stderr)
"""


def test_headers_alone_are_refused_in_words(tmp_path):
    """A header without samples, and nothing else, gets one error of ours and no other line."""
    paths = [tmp_path / f"in.{suffix}" for suffix in HEADERS]
    for path, header in zip(paths, HEADERS.values(), strict=True):
        path.write_bytes(header)
    command = [sys.executable, "-c", ONE_BY_ONE, tmp_path / "o.wav", *paths]
    told = subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stderr.decode()
    messages = told.split("=" * 20)[:-1]
    for path, message in zip(paths, messages, strict=True):
        *lines, code = message.strip().splitlines()
        assert code.strip() == "1"
        assert lines[0].startswith(f"error: {path}: ")
        assert all(line.startswith(("error: ", "hint: ")) for line in lines), lines
        for words in ("processing input", "Invalid", "Errno", "Format not", "internal"):
            assert words not in message


def test_tags_in_another_encoding_do_not_refuse_the_file(convtool, tmp_path):
    """A title in Latin-1, which AVI cannot declare, is no damage."""
    soundfile.write(tmp_path / "in.wav", tones([440], 0.1), RATE)
    ffmpeg(
        "-i",
        tmp_path / "in.wav",
        "-metadata",
        "title=QQQQ",
        "-c:a",
        "pcm_s16le",
        tmp_path / "in.avi",
    )
    data = (tmp_path / "in.avi").read_bytes()
    (tmp_path / "in.avi").write_bytes(data.replace(b"QQQQ", b"caf\xe9"))
    identity(convtool, tmp_path / "in.avi", tmp_path / "o.flac")
    assert flac.FLAC(tmp_path / "o.flac")["title"][0].startswith("caf")


@pytest.mark.parametrize("codec", ["gsm_ms", "libmp3lame", "adpcm_ima_wav", "pcm_alaw"])
def test_chunks_are_kept_whatever_decodes_the_samples(convtool, tmp_path, codec):
    """A WAV that FFmpeg decodes has the same chunks as one that libsndfile decodes."""
    path = tmp_path / "in.wav"
    sine = "sine=440:duration=0.5:sample_rate=8000"
    ffmpeg("-f", "lavfi", "-i", sine, "-c:a", codec, path)
    with_chunk(path, "little", b"iXML", b"<BWFXML></BWFXML> ")
    assert "iXML" not in identity(convtool, path, tmp_path / "o.wav")
    assert b"<BWFXML></BWFXML> " in (tmp_path / "o.wav").read_bytes()


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "caf", "au", "w64"])
def test_headers_of_unknown_length_are_whole(convtool, tmp_path, suffix):
    """What programs write into pipes states no length, and is read to its end."""
    need("ffmpeg")
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=440:duration=1:sample_rate=8000"]
    piped = subprocess.run([*command, "-f", suffix, "-"], check=True, capture_output=True)
    (tmp_path / f"in.{suffix}").write_bytes(piped.stdout)
    assert "note" not in identity(convtool, tmp_path / f"in.{suffix}", tmp_path / "o.wav")
    assert len(soundfile.read(tmp_path / "o.wav")[0]) == 8000


def test_a_second_audio_track_is_noted(convtool, tmp_path):
    """The first track is read, and a note says that there are more."""
    inputs = [
        part for hz in (440, 880) for part in ("-f", "lavfi", "-i", f"sine={hz}:duration=0.5")
    ]
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-c:a", "aac", tmp_path / "in.mp4")
    said = identity(convtool, tmp_path / "in.mp4", tmp_path / "o.wav")
    assert "the first of 2 audio tracks is read" in said

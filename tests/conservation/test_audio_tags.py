"""Nothing that lies beside samples is lost in silence, from any audio format to any other.

Synthetic files with everything in them go through `-k identity`. Programs of others (mutagen,
exiftool, FFmpeg) list what was there before and after; whatever is missing has to be named in a
note.
"""

import contextlib
import io
import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import mutagen
import pytest
import soundfile
from av.stream import Disposition
from mutagen import apev2, flac, id3, mp4
from tones import ffmpeg, need, tones

from convtool.cli.app import run
from convtool.media.audio.formats import FORMATS

RATE = 48000
COVER = bytes.fromhex(  # a PNG of one pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)
OUTPUTS = {format.title: format.suffixes[0] for format in FORMATS}


@dataclass(frozen=True)
class Item:
    """Something that a file says.

    Attributes:
        mark: what the other programs show of it.
        names: one of them stands in the note where it is lost.
    """

    mark: str
    names: tuple[str, ...]


def item(name, mark=None):
    """Return a tag whose value contains its name, in letters beyond Latin."""
    return Item(mark or f"жёлт-{name}-音", (name,))


TAGS = ("TITLE", "ARTIST", "ALBUM", "ALBUMARTIST", "COMPOSER", "GENRE", "ISRC", "LYRICS", "COMMENT")
TAGS += ("COPYRIGHT", "CONDUCTOR", "MOOD", "REPLAYGAIN_TRACK_GAIN", "MY OWN TAG")
NUMBERS = (item("DATE", "2017-03-19"), item("TRACKNUMBER", "41/97"), item("BPM", "131"))
ALL = (*map(item, TAGS), *NUMBERS)
PICTURE = Item("a picture", ("picture",))
CHAPTERS = Item("жёлт-chapter-音", ("chapter",))
FRAMES = {
    "TITLE": "TIT2",
    "ARTIST": "TPE1",
    "ALBUM": "TALB",
    "ALBUMARTIST": "TPE2",
    "COMPOSER": "TCOM",
    "GENRE": "TCON",
    "ISRC": "TSRC",
    "COPYRIGHT": "TCOP",
    "CONDUCTOR": "TPE3",
    "MOOD": "TMOO",
    "DATE": "TDRC",
    "TRACKNUMBER": "TRCK",
    "BPM": "TBPM",
}
ITEMS = {
    "TITLE": "\xa9nam",
    "ARTIST": "\xa9ART",
    "ALBUM": "\xa9alb",
    "ALBUMARTIST": "aART",
    "COMPOSER": "\xa9wrt",
    "GENRE": "\xa9gen",
    "LYRICS": "\xa9lyr",
    "COMMENT": "\xa9cmt",
    "COPYRIGHT": "cprt",
    "DATE": "\xa9day",
}


def add_comments(path):
    """Write Vorbis comments and a picture with mutagen."""
    file = mutagen.File(path)
    for each in ALL:
        file[each.names[0]] = each.mark
    picture = flac.Picture()
    picture.data, picture.mime, picture.type, picture.desc = COVER, "image/png", 3, "d"
    if path.suffix == ".flac":
        file.add_picture(picture)
    else:
        import base64  # noqa: PLC0415

        file["metadata_block_picture"] = base64.b64encode(picture.write()).decode()
    file["CHAPTER000"], file["CHAPTER000NAME"] = "00:00:00.000", CHAPTERS.mark
    file.save()
    return (*ALL, PICTURE, CHAPTERS)


def add_id3(path, *, chapters=True):
    """Write an ID3 tag with mutagen, with frames that only ID3 has."""
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    tags = file.tags
    for each in ALL:
        name = each.names[0]
        if name in FRAMES:
            tags.add(getattr(id3, FRAMES[name])(encoding=1, text=each.mark))
    texts = {each.names[0]: each.mark for each in ALL}
    tags.add(id3.USLT(encoding=3, lang="eng", text=texts["LYRICS"]))
    tags.add(id3.COMM(encoding=1, lang="deu", text=texts["COMMENT"]))
    for name in ("REPLAYGAIN_TRACK_GAIN", "MY OWN TAG"):
        tags.add(id3.TXXX(encoding=1, desc=name, text=texts[name]))
    tags.add(id3.APIC(encoding=1, mime="image/png", type=3, desc="д", data=COVER))
    tags.add(id3.WOAR(url="https://example.org/woar"))
    tags.add(id3.POPM(email="popm@example.org", rating=7))
    found = [*ALL, PICTURE, Item("https://example.org/woar", ("WOAR",))]
    found.append(Item("popm@example.org", ("POPM",)))
    if chapters:
        title = id3.TIT2(encoding=3, text=CHAPTERS.mark)
        tags.add(id3.CHAP(element_id="c", start_time=0, end_time=100, sub_frames=[title]))
        found.append(CHAPTERS)
    file.save()
    return tuple(found)


def samples(channels=2):
    """Return a short sound of any number of channels."""
    return tones(range(300, 300 + 100 * channels, 100), 0.1)


def chunked(path, chunks):
    """Append chunks to a RIFF file."""
    data = path.read_bytes()
    for name, content in chunks:
        data += name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


def make_wav(folder):
    """A recorder's file: bext, iXML, cue, smpl, labels, a chunk of nobody, and an ID3 tag."""
    path = folder / "all.wav"
    soundfile.write(path, samples(), RATE)
    found = add_id3(path, chapters=False)
    bext = b"bext-token".ljust(602, b"\0")
    scene = b"<BWFXML><SCENE>ixml-token</SCENE></BWFXML>"
    cue = struct.pack("<IIIIIII", 1, 1, 100, 0x61746164, 0, 0, 100)
    label = b"adtllabl" + struct.pack("<II", 12, 1) + b"mylabel\0"
    smpl = struct.pack("<9I6I", 0, 0, 20833, 60, 0, 0, 0, 1, 0, 0, 0, 10, 700, 0, 0)
    own = [(b"bext", bext), (b"iXML", scene), (b"cue ", cue), (b"smpl", smpl)]
    chunked(path, [*own, (b"LIST", label), (b"abcd", b"nobody's")])
    marks = {
        "bext": "bext-token",
        "iXML": "ixml-token",
        "cue": "CuePoints",
        "smpl": "MIDIUnityNote",
    }
    return path, (*found, *(Item(mark, (name,)) for name, mark in marks.items()))


def make_info(folder):
    """A WAV with an INFO list."""
    path = folder / "info.wav"
    soundfile.write(path, samples(), RATE)
    names = {b"INAM": "TITLE", b"IART": "ARTIST", b"ICMT": "COMMENT", b"IENG": "ENGINEER"}
    texts = {id: item(name).mark.encode() + b"\0" for id, name in names.items()}
    entries = b"".join(
        id + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
        for id, text in texts.items()
    )
    chunked(path, [(b"LIST", b"INFO" + entries)])
    return path, tuple(map(item, names.values()))


def make_mask(folder):
    """A WAV of six channels with sides."""
    path = folder / "mask.wav"
    soundfile.write(path, samples(6), RATE, format="WAVEX")
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", 0x60F)
    path.write_bytes(data)
    return path, (Item("5.1(side)", ("channel layout 5.1(side)",)),)


def make_flac(folder):
    """A FLAC with all comments."""
    path = folder / "all.flac"
    soundfile.write(path, samples(), RATE)
    return path, add_comments(path)


def make_ogg(folder):
    """An Ogg Vorbis with all comments."""
    path = folder / "all.ogg"
    soundfile.write(path, samples(), RATE)
    return path, add_comments(path)


def make_opus(folder):
    """An Opus with all comments."""
    path = folder / "all.opus"
    soundfile.write(path, samples(), RATE, format="OGG", subtype="OPUS")
    return path, add_comments(path)


def make_mp3(folder):
    """An MP3 with an ID3 tag."""
    path = folder / "all.mp3"
    soundfile.write(path, samples(), RATE)
    return path, add_id3(path)


def make_ape(folder):
    """An MP3 with an APE tag, as mp3gain writes it."""
    path = folder / "ape.mp3"
    soundfile.write(path, samples(), RATE)
    tag = apev2.APEv2()
    names = ("TITLE", "REPLAYGAIN_TRACK_GAIN", "CONDUCTOR")
    for name in names:
        tag[name] = item(name).mark
    tag.save(path)
    return path, tuple(map(item, names))


def make_aiff(folder):
    """An AIFF with an ID3 tag and a marker."""
    path = folder / "all.aiff"
    soundfile.write(path, samples(), RATE)
    found = add_id3(path, chapters=False)
    marker = struct.pack(">HHI", 1, 1, 100) + b"\x07mymark\0"[:8]
    data = path.read_bytes() + b"MARK" + struct.pack(">I", len(marker)) + marker
    path.write_bytes(data[:4] + struct.pack(">I", len(data) - 8) + data[8:])
    return path, found


def make_m4a(folder):
    """An M4A with all items, names of our own, a cover and a chapter."""
    source, path = folder / "m4a-source.wav", folder / "all.m4a"
    soundfile.write(source, samples(), RATE)
    text = f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=90\ntitle={CHAPTERS.mark}\n"
    (folder / "chapters.txt").write_text(text)
    chapters = ("-i", folder / "chapters.txt", "-map_metadata", "1", "-map_chapters", "1")
    ffmpeg("-i", source, *chapters, "-c:a", "aac", path)
    file = mp4.MP4(path)
    for each in ALL:
        name = each.names[0]
        if name in ITEMS:
            file[ITEMS[name]] = each.mark
        elif name == "TRACKNUMBER":
            file["trkn"] = [(41, 97)]
        elif name == "BPM":
            file["tmpo"] = [131]
        else:
            file[f"----:com.apple.iTunes:{name}"] = each.mark.encode()
    file["covr"] = [mp4.MP4Cover(COVER, mp4.MP4Cover.FORMAT_PNG)]
    file.save()
    return path, (*ALL, PICTURE, CHAPTERS)


def by_ffmpeg(folder, name):
    """A file with the tags that ffmpeg writes."""
    source, path = folder / f"{name}-source.wav", folder / name
    soundfile.write(source, samples(), RATE)
    keys = {"title": "TITLE", "artist": "ARTIST", "composer": "COMPOSER", "comment": "COMMENT"}
    options = [
        part for key, tag in keys.items() for part in ("-metadata", f"{key}={item(tag).mark}")
    ]
    ffmpeg("-i", source, *options, path)
    return path, tuple(map(item, keys.values()))


MAKERS = {
    "wav": make_wav,
    "info": make_info,
    "mask": make_mask,
    "flac": make_flac,
    "ogg": make_ogg,
    "opus": make_opus,
    "mp3": make_mp3,
    "ape": make_ape,
    "aiff": make_aiff,
    "m4a": make_m4a,
    "caf": lambda folder: by_ffmpeg(folder, "all.caf"),
    "mka": lambda folder: by_ffmpeg(folder, "all.mka"),
    "wma": lambda folder: by_ffmpeg(folder, "all.wma"),
    "wavpack": lambda folder: by_ffmpeg(folder, "all.wv"),
}
PAIRS = [(source, output) for source in MAKERS for output in OUTPUTS]
IMPOSSIBLE = {("mask", "MP3")}  # six channels


def by_mutagen(path):
    """Return what mutagen shows of a file."""
    try:
        file = mutagen.File(path)
    except mutagen.MutagenError:
        return ""
    if file is None or not file.tags:
        return ""
    tags = file.tags
    texts = [f"{key}={value}" for key, value in tags.items()]
    if isinstance(tags, id3.ID3):
        texts += [str(sub) for chap in tags.getall("CHAP") for sub in chap.sub_frames.values()]
        texts += [f"{frame.email}" for frame in tags.getall("POPM")]
    else:
        texts += [bytes(v[0]).decode() for k, v in tags.items() if k.startswith("----")]
        texts += [f"{a}/{b}" for a, b in tags.get("trkn", [])] if "trkn" in tags else []
    names = [key for key, _ in tags.items()]
    pictures = [key for key in names if key.startswith(("APIC", "covr", "metadata_block"))]
    if pictures or getattr(file, "pictures", ()):
        texts.append(PICTURE.mark)
    return "\n".join(texts)


def by_ffmpeg_library(path):
    """Return what FFmpeg's library shows of a file: tags, chapters, pictures."""
    with av.open(str(path)) as container:
        streams = [container, *container.streams]
        texts = [f"{key}={value}" for each in streams for key, value in each.metadata.items()]
        texts += [str(chapter) for chapter in container.chapters()]
        if any(stream.disposition & Disposition.attached_pic for stream in container.streams):
            texts.append(PICTURE.mark)
    return "\n".join(texts)


def by_ffprobe(path):
    """Return what ffprobe shows of the channels of a file."""
    show = ["-show_entries", "stream=channel_layout", "-of", "csv"]
    command = ["ffprobe", "-v", "quiet", *show, str(path)]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


def by_exiftool(paths):
    """Return what exiftool shows of files."""
    command = ["exiftool", "-json", "-a", "-u", "-G1:4", "-charset", "utf8", *map(str, paths)]
    command[1:1] = ["-charset", "riff=utf8"]
    result = subprocess.run(command, check=False, capture_output=True)
    found = json.loads(result.stdout, object_pairs_hook=list)  # names may stand twice
    return {Path(dict(each)["SourceFile"]): str(each) for each in found}


def shown(paths):
    """Return what all programs show of files."""
    exif = by_exiftool(paths)
    found = {}
    for path in paths:
        channels = by_ffprobe(path) if path.stem.startswith("mask") else ""
        texts = [by_mutagen(path), by_ffmpeg_library(path), exif.get(path, ""), channels]
        found[path] = "\n".join(texts)
    return found


@pytest.fixture(scope="module")
def conserved(tmp_path_factory):
    """Run all pairs, and return what was there before and after, and what was said."""
    need("ffmpeg", "ffprobe", "exiftool")
    folder = tmp_path_factory.mktemp("conservation")
    made = {name: make(folder) for name, make in MAKERS.items()}
    before = shown([path for path, _ in made.values()])
    said, outputs = {}, {}
    for source, output in PAIRS:
        path = folder / f"{source}-to{OUTPUTS[output]}"
        lines = io.StringIO()
        with contextlib.redirect_stderr(lines):
            code = run(["audio", str(made[source][0]), str(path), "-k", "identity"])
        said[source, output] = code, lines.getvalue()
        if code == 0:
            outputs[source, output] = path
    after = shown(list(outputs.values()))
    return {
        pair: (made[pair[0]], before[made[pair[0]][0]], said[pair], after.get(outputs.get(pair)))
        for pair in PAIRS
    }


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_what_is_not_kept_is_named(conserved, source, output):
    """Each item of the input is in the output, or a note names it."""
    (_, items), before, (code, said), after = conserved[source, output]
    if (source, output) in IMPOSSIBLE:
        assert code == 1
        assert "cannot hold" in said
        return
    assert code == 0, said
    notes = [line for line in said.splitlines() if line.startswith("note: ")]
    for each in items:
        assert each.mark in before, f"{each} is not in the input"
        named = any(name in note for name in each.names for note in notes)
        assert each.mark in after or named, f"{each} is lost in silence: {notes}"


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_what_is_kept_is_not_named_as_lost(conserved, source, output):
    """No note says of something that is there that it was dropped."""
    (_, items), _, (_, said), after = conserved[source, output]
    dropped = [line for line in said.splitlines() if " dropped: " in line]
    for each in items:
        if after is not None and each.mark in after:
            lists = [note.split(": ", 2)[2].split(" dropped")[0] for note in dropped]
            words = [word for text in lists for word in text.removeprefix("tags ").split(", ")]
            assert not set(each.names) & set(words)

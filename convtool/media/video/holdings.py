"""What each container can hold beside the frames that are filtered.

One table: a container, the kinds of things, and the names of each kind that it holds. All of it was
tried with FFmpeg: what is written is read back the same. It must not import FFmpeg.
"""

import re
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of things that lie beside the frames; the values are the words for several."""

    AUDIO = "audio"
    SUBTITLES = "subtitles"
    VIDEO = "further videos"
    COVER = "covers"
    ATTACHMENT = "attachments"
    DATA = "data streams"
    CHAPTERS = "chapters"
    TIMECODE = "timecode"
    TAG = "tags"
    LANGUAGE = "languages of streams"
    TITLE = "titles of streams"
    FLAG = "flags of streams"
    STREAM_TAG = "tags of streams"


class Names:
    """A set of names: those listed, or all that a pattern matches.

    Args:
        names: with spaces between them.
        pattern: of further names, a regular expression.
        text: what the documentation says of it; the names where it is empty.

    >>> "aac" in Names("aac mp3"), "AAC" in Names("aac mp3")
    (True, False)
    """

    def __init__(self, names: str = "", pattern: str = "", text: str = "") -> None:
        self.names = tuple(names.split())
        self._pattern = re.compile(pattern or r"(?!)")
        self._text = text

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in self.names or self._pattern.fullmatch(name) is not None
        )

    def __str__(self) -> str:
        return self._text or ", ".join(self.names)


Holds = Mapping[Kind, Container[str]]

ANY = Names(pattern=r"(?s:.*)", text="any")
PCM = "pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le"
# what MP4 names as ISO 639-2 does, in three letters
ISO_639_2 = Names(pattern=r"[a-z]{3}", text="three letters")
# of QuickTime's own list of languages, where some have another code than elsewhere
QUICKTIME = Names(
    "eng fra ger ita dut sve spa dan por nor heb jpn ara fin gre ice mlt tur chi urd hin tha kor "
    "lit pol hun est lav per rus iri alb ron ces slk slv yid mac bul ukr bel uzb kaz aze arm geo "
    "mol kir tgk tuk mon pus kur kas snd tib nep san mar ben asm guj ori mal kan tam tel sin bur "
    "khm lao vie ind tgl may amh tir orm som swa kin run nya mlg epo wel baq cat lat que grn aym "
    "tat uig dzo jav",
    text="those of QuickTime",
)
# the same languages by the codes that QuickTime has
LANGUAGE_CODES = {
    "deu": "ger",
    "nld": "dut",
    "ell": "gre",
    "isl": "ice",
    "zho": "chi",
    "fas": "per",
    "sqi": "alb",
    "rum": "ron",
    "cze": "ces",
    "slo": "slk",
    "mkd": "mac",
    "hye": "arm",
    "kat": "geo",
    "bod": "tib",
    "mya": "bur",
    "msa": "may",
    "cym": "wel",
    "eus": "baq",
    "swe": "sve",
}

MP4: Holds = {
    Kind.AUDIO: Names("aac ac3 alac dts eac3 flac mp3 opus"),
    Kind.SUBTITLES: Names("mov_text"),
    Kind.VIDEO: Names("av1 h264 hevc mjpeg mpeg2video mpeg4 vp9"),
    Kind.COVER: Names("mjpeg png"),
    Kind.CHAPTERS: ANY,
    Kind.TIMECODE: ANY,
    Kind.TAG: Names(
        "album album_artist artist comment compilation composer copyright creation_time date "
        "description disc episode_id episode_sort gapless_playback genre grouping hd_video "
        "keywords location lyrics media_type network season_number show synopsis title track"
    ),
    Kind.LANGUAGE: ISO_639_2,
    Kind.TITLE: ANY,
    Kind.FLAG: Names("default dub comment forced hearing_impaired visual_impaired"),
}
MOV: Holds = {
    Kind.AUDIO: Names(
        f"aac ac3 adpcm_ima_qt alac eac3 mp3 {PCM} pcm_alaw pcm_f32be pcm_f64be pcm_f64le "
        "pcm_mulaw pcm_s16be pcm_s24be pcm_s32be pcm_s8"
    ),
    Kind.SUBTITLES: Names("mov_text"),
    Kind.VIDEO: Names("h264 hevc mjpeg mpeg4 prores"),
    Kind.CHAPTERS: ANY,
    Kind.TIMECODE: ANY,
    Kind.TAG: Names(
        "album artist comment copyright creation_time date genre location make model title"
    ),
    Kind.LANGUAGE: QUICKTIME,
    Kind.TITLE: ANY,
    Kind.FLAG: Names("default"),
}
MATROSKA: Holds = {
    Kind.AUDIO: Names(
        f"aac ac3 alac dts eac3 flac mlp mp2 mp3 opus {PCM} pcm_f64le pcm_s16be pcm_s24be "
        "pcm_s32be truehd vorbis wavpack"
    ),
    Kind.SUBTITLES: Names(
        "ass dvb_subtitle dvd_subtitle hdmv_pgs_subtitle hdmv_text_subtitle subrip webvtt"
    ),
    Kind.VIDEO: Names("av1 ffv1 h264 hevc mjpeg mpeg1video mpeg2video mpeg4 prores theora vp8 vp9"),
    Kind.COVER: Names("mjpeg png"),
    Kind.ATTACHMENT: ANY,
    Kind.CHAPTERS: ANY,
    Kind.TIMECODE: ANY,
    Kind.TAG: ANY,
    Kind.LANGUAGE: ANY,
    Kind.TITLE: ANY,
    Kind.FLAG: Names("default dub original comment forced hearing_impaired visual_impaired"),
    Kind.STREAM_TAG: ANY,
}
WEBM: Holds = {
    Kind.AUDIO: Names("opus vorbis"),
    Kind.SUBTITLES: Names("webvtt"),
    Kind.VIDEO: Names("av1 vp8 vp9"),
    Kind.CHAPTERS: ANY,
    Kind.TIMECODE: ANY,
    Kind.TAG: ANY,
    Kind.LANGUAGE: ANY,
    Kind.TITLE: ANY,
    Kind.FLAG: Names("default forced"),
    Kind.STREAM_TAG: ANY,
}
AVI: Holds = {
    Kind.AUDIO: Names(f"aac ac3 mp2 mp3 {PCM} pcm_alaw pcm_mulaw wmav1 wmav2"),
    Kind.TIMECODE: ANY,
    Kind.TAG: Names("artist comment copyright date encoded_by genre language title track"),
    Kind.TITLE: ANY,
}
NOTHING: Holds = {}


def holds(what: Holds, kind: Kind, name: str) -> bool:
    """Return whether something of a kind and a name is held."""
    return name in what.get(kind, ())


def replaced(what: Holds, changes: Mapping[Kind, Container[str] | None]) -> Holds:
    """Return what is held with some kinds changed, and those of None left out."""
    changed = {**what, **changes}
    return {kind: names for kind, names in changed.items() if names is not None}


def listed(names: Iterable[str]) -> str:
    """Return names for a message, each once.

    >>> listed(["deu", "fra", "deu"])
    'deu, fra'
    """
    return ", ".join(dict.fromkeys(names))

"""Audio files that once came out wrong: channels, joined files, and what lies beside samples."""

import struct
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from tones import RATE, decoded, ffmpeg, pitches, probe, samples, synthesize, tones

CASES = Path(__file__).parent / "av"
SIX = [200, 300, 400, 50, 600, 700]  # FL FR FC LFE BL BR
LAYOUTS = {3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def identity(convtool, source, out, *options):
    """Filter a file by the identity, and return what was said."""
    result = convtool("audio", source, out, "-k", "identity", *options)
    assert result.code == 0, result.err
    return result.err


def chunk(path, name):
    """Return the content of a chunk of a WAV file."""
    data, position = path.read_bytes(), 12
    while position < len(data):
        (length,) = struct.unpack_from("<I", data, position + 4)
        if data[position : position + 4] == name:
            return data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    return None


def mask(path):
    """Return the channel mask of a WAV file."""
    return struct.unpack_from("<I", chunk(path, b"fmt "), 20)[0]


# --- the order and the names of channels ---------------------------------------------------------


def test_six_channels_of_vorbis_come_in_the_order_of_wav(convtool, tmp_path):
    """six.ogg: FL FC FR BL BR LFE of Vorbis become FL FR FC LFE BL BR."""
    identity(convtool, CASES / "six.ogg", tmp_path / "o.wav")
    assert pitches(samples(tmp_path / "o.wav")) == SIX
    assert mask(tmp_path / "o.wav") == 0x3F


@pytest.mark.parametrize("suffix", ["ogg", "opus", "flac", "m4a", "caf", "aiff"])
def test_six_channels_of_wav_are_written_in_their_places(convtool, tmp_path, suffix):
    """six_3f.wav: by ffmpeg, each channel is where it was, the 50 Hz of the LFE as well."""
    out = tmp_path / f"o.{suffix}"
    identity(convtool, CASES / "six_3f.wav", out)
    assert pitches(decoded(out)) == SIX
    assert probe(out)["streams"][0]["channel_layout"] == "5.1"


@pytest.mark.parametrize("suffix", ["wav", "rf64", "flac", "caf", "aiff"])
def test_a_channel_mask_is_kept(convtool, tmp_path, suffix):
    """six_60f.wav: 5.1(side) stays 5.1(side), by ffprobe, and comes back."""
    out = tmp_path / f"o.{suffix}"
    said = identity(convtool, CASES / "six_60f.wav", out)
    assert probe(out)["streams"][0]["channel_layout"] == "5.1(side)"
    assert "note" not in said
    identity(convtool, out, tmp_path / "back.wav")
    assert mask(tmp_path / "back.wav") == 0x60F
    assert np.array_equal(samples(tmp_path / "back.wav"), samples(CASES / "six_60f.wav"))


@pytest.mark.parametrize(
    ("suffix", "note"),
    [
        ("ogg", "channel layout 5.1(side) stored as 5.1"),
        ("opus", "channel layout 5.1(side) stored as 5.1"),
        ("m4a", "channel layout 5.1(side) stored as 5.1"),
        ("w64", "channel layout 5.1(side) dropped: W64 cannot hold it"),
        ("au", "channel layout 5.1(side) dropped: AU cannot hold it"),
    ],
)
def test_a_channel_mask_that_a_format_cannot_hold_is_noted(convtool, tmp_path, suffix, note):
    """six_60f.wav: the note names the layout."""
    assert note in identity(convtool, CASES / "six_60f.wav", tmp_path / f"o.{suffix}")


@pytest.mark.parametrize("count", LAYOUTS)
@pytest.mark.parametrize("codec", ["libvorbis", "libopus"])
def test_all_numbers_of_channels_are_read_as_ffmpeg_reads_them(convtool, tmp_path, count, codec):
    """Three to eight channels of Vorbis and Opus come in ffmpeg's order."""
    source, path = tmp_path / "in.wav", tmp_path / "in.ogg"
    soundfile.write(source, tones(range(200, 200 + 100 * count, 100)), RATE)
    named = ["-channel_layout", LAYOUTS[count]]
    ffmpeg(*named, "-i", source, *named, "-c:a", codec, "-b:a", "640k", path)
    identity(convtool, path, tmp_path / "o.wav")
    assert pitches(samples(tmp_path / "o.wav")) == pitches(decoded(path))


@pytest.mark.parametrize("count", LAYOUTS)
@pytest.mark.parametrize("suffix", ["ogg", "opus", "flac", "caf"])
def test_all_numbers_of_channels_are_written_as_ffmpeg_reads_them(
    convtool, tmp_path, count, suffix
):
    """Three to eight channels come back from ffmpeg in the order of the input."""
    frequencies = list(range(300, 300 + 100 * count, 100))
    source, out = tmp_path / "in.wav", tmp_path / f"o.{suffix}"
    soundfile.write(source, tones(frequencies), RATE)
    heard = list(frequencies)
    if suffix in ("ogg", "opus") and count >= 6:
        frequencies[3] = 60  # the LFE keeps low tones only
        soundfile.write(source, tones(frequencies), RATE)
        heard = list(frequencies)
    identity(convtool, source, out)
    assert pitches(decoded(out)) == heard


@pytest.mark.parametrize("count", LAYOUTS)
@pytest.mark.parametrize("suffix", ["m4a", "caf"])
def test_all_numbers_of_channels_are_written_to_alac(convtool, tmp_path, count, suffix):
    """ALAC has an order of its own, in CAF by libsndfile as in M4A by FFmpeg."""
    frequencies = list(range(300, 300 + 100 * count, 100))
    source, out = tmp_path / "in.wav", tmp_path / f"o.{suffix}"
    soundfile.write(source, tones(frequencies), RATE, format="WAVEX", subtype="PCM_16")
    identity(convtool, source, out, "--subtype", "alac_16")
    assert pitches(decoded(out)) == frequencies
    identity(convtool, out, tmp_path / "back.wav")
    assert np.array_equal(samples(tmp_path / "back.wav"), samples(source))


@pytest.mark.parametrize(("suffix", "name"), [("caf", b"chan"), ("aiff", b"CHAN")])
@pytest.mark.parametrize(
    ("tag", "places"),
    [
        (124 << 16 | 6, ["FC", "FL", "FR", "BL", "BR", "LFE"]),  # MPEG 5.1 D, as in AAC
        (122 << 16 | 6, ["FL", "FR", "BL", "BR", "FC", "LFE"]),  # MPEG 5.1 B
        (0x10000, ["FL", "FR", "FC", "LFE", "SL", "SR"]),  # by bitmap
        (0, ["FC", "FL", "FR", "LFE", "BL", "BR"]),  # by descriptions
    ],
)
def test_layouts_of_apple_are_read(convtool, tmp_path, suffix, name, tag, places):
    """CAF and AIFF name the order of their channels; they come in that of WAV."""
    frequencies = {"FL": 300, "FR": 400, "FC": 500, "LFE": 60, "BL": 700, "BR": 800}
    frequencies |= {"SL": 700, "SR": 800}
    path = tmp_path / f"in.{suffix}"
    soundfile.write(path, tones([frequencies[place] for place in places]), RATE)
    labels = {"FL": 1, "FR": 2, "FC": 3, "LFE": 4, "BL": 5, "BR": 6}
    count = 6 if tag == 0 else 0
    content = struct.pack(">III", tag, 0x60F if tag == 0x10000 else 0, count)
    for place in places[:count]:
        content += struct.pack(">II12x", labels[place], 0)
    size = len(content).to_bytes(8 if suffix == "caf" else 4, "big")
    data = path.read_bytes() + name + size + content
    if suffix == "aiff":
        data = data[:4] + (len(data) - 8).to_bytes(4, "big") + data[8:]
    path.write_bytes(data)
    identity(convtool, path, tmp_path / "o.wav")
    assert pitches(samples(tmp_path / "o.wav")) == [300, 400, 500, 60, 700, 800]
    assert mask(tmp_path / "o.wav") == (0x60F if "SL" in places else 0x3F)


@pytest.mark.parametrize("suffix", ["ogg", "opus", "flac"])
def test_an_impulse_response_has_the_same_channels(convtool, tmp_path, suffix):
    """A response of six channels delays each channel by its own time, whatever its format."""
    delays = [100, 200, 300, 400, 500, 600]
    taps = np.zeros((2000, 6))
    taps[delays, range(6)] = 0.9
    soundfile.write(tmp_path / "ir.wav", taps, RATE)
    identity(convtool, tmp_path / "ir.wav", tmp_path / f"ir.{suffix}")
    noise = np.random.default_rng(1).normal(0, 0.1, (6000, 1)).repeat(6, 1)
    soundfile.write(tmp_path / "in.wav", noise, RATE)
    out = tmp_path / "o.wav"
    result = convtool("audio", tmp_path / "in.wav", out, "-k", tmp_path / f"ir.{suffix}")
    assert result.code == 0, result.err
    found = [np.correlate(channel, noise[:4000, 0], "valid").argmax() for channel in samples(out).T]
    if suffix != "flac":
        del found[3], delays[3]  # the LFE is a low-pass
    assert np.abs(np.subtract(found, delays)).max() <= 2


def test_split_channels_are_named_by_their_positions(convtool, tmp_path):
    """One file per channel: FL, FR and so on where the file says so, else numbers."""
    result = convtool(
        "audio", CASES / "six.ogg", f"{tmp_path}/o/", "-k", "identity", "--format=wav"
    )
    assert result.code == 0, result.err
    names = {path.stem.rpartition("_")[2] for path in (tmp_path / "o").glob("*.wav")}
    assert names == {"FL", "FR", "FC", "LFE", "BL", "BR"}
    low = samples(tmp_path / "o" / "six_identity_LFE.wav")
    assert pitches(low) == [50]


def test_channels_without_positions_get_none(convtool, tmp_path):
    """Six channels that a WAV file does not place stay so; Vorbis has to place them."""
    data = tones(SIX)
    with soundfile.SoundFile(tmp_path / "in.wav", "w", RATE, 6, format="WAV") as file:
        file.write(data)
    assert "note" not in identity(convtool, tmp_path / "in.wav", tmp_path / "o.wav")
    assert mask(tmp_path / "o.wav") == 0
    said = identity(convtool, tmp_path / "in.wav", tmp_path / "o.ogg")
    assert "6 channels without positions stored as 5.1" in said


# --- joined files --------------------------------------------------------------------------------


def test_a_chain_is_read_to_its_end(convtool, tmp_path):
    """chain.ogg: 440 Hz for a second, then 880 Hz for another."""
    identity(convtool, CASES / "chain.ogg", tmp_path / "o.wav")
    out = samples(tmp_path / "o.wav")
    assert len(out) == 88200
    assert pitches(out[:44100], 44100) == [440]
    assert pitches(out[44100:], 44100) == [880]


def joined(tmp_path, suffix, *options, second=()):
    """Join a second of 440 Hz and one of 880 Hz, encoded by ffmpeg, and return the path."""
    parts = []
    for number, hertz in enumerate((440, 880)):
        part = tmp_path / f"{number}.{suffix}"
        sine = f"sine={hertz}:duration=1:sample_rate={RATE}"
        more = second if number else ()
        title = ("-metadata", f"title={hertz}")
        synthesize(part, sine, *title, *options, *more)
        parts.append(part.read_bytes())
    path = tmp_path / f"in.{suffix}"
    path.write_bytes(b"".join(parts))
    return path


JOINED = {
    "vorbis": ("ogg", ["-c:a", "libvorbis"], [], 2 * RATE),
    "opus": ("opus", ["-c:a", "libopus"], [], 2 * RATE),
    "flac in ogg": ("oga", ["-c:a", "flac"], [], 2 * RATE),
    "flac": ("flac", [], [], 2 * RATE),
    "mp3 of two bit rates": ("mp3", ["-b:a", "64k"], ["-b:a", "192k"], 2 * RATE),
    "mp3 with tags of old": ("mp3", ["-write_id3v1", "1", "-id3v2_version", "3"], [], 2 * RATE),
    "mp3 without tables": ("mp3", ["-write_xing", "0", "-id3v2_version", "0"], [], None),
}


@pytest.mark.parametrize("kind", JOINED)
def test_joined_files_are_read_to_their_end(convtool, tmp_path, kind):
    """The second part is there, from where the first one ends."""
    suffix, options, second, length = JOINED[kind]
    path = joined(tmp_path, suffix, *options, second=second)
    identity(convtool, path, tmp_path / "o.wav")
    out = samples(tmp_path / "o.wav")
    if length:
        assert len(out) == length
    else:  # frames of 1152 samples, all of them
        assert len(out) % 1152 == 0
        assert 0 <= len(out) - 2 * RATE < 4 * 1152
    half = len(out) // 2
    assert pitches(out[: half - 2000]) == [440]
    assert pitches(out[half + 2000 :]) == [880]


@pytest.mark.parametrize(
    ("suffix", "second", "change"),
    [
        ("ogg", ["-ar", "24000"], "sample rate changes from 48000 Hz to 24000 Hz at 1.00 s"),
        ("ogg", ["-ac", "2"], "number of channels changes from 1 to 2"),
        ("opus", ["-ac", "2"], "number of channels changes"),
        ("flac", ["-ar", "44100"], "sample rate changes from 48000 Hz to 44100 Hz at 1.00 s"),
        ("mp3", ["-ar", "44100"], "sample rate changes from 48000 Hz to 44100 Hz at 1.00 s"),
        ("mp3", ["-ac", "2"], "number of channels changes from 1 to 2 at 1.00 s"),
        ("aac", ["-ar", "44100"], "sample rate changes from 48000 Hz to 44100 Hz"),
        ("ac3", ["-ar", "44100"], "sample rate changes from"),
    ],
)
def test_a_change_in_the_middle_is_refused_in_words(convtool, tmp_path, suffix, second, change):
    """Another rate or number of channels is not cut off, nor resampled, in silence."""
    codec = ["-c:a", "libvorbis"] if suffix == "ogg" else []
    path = joined(tmp_path, suffix, *codec, second=second)
    result = convtool("audio", path, tmp_path / "o.wav", "-k", "identity")
    assert result.code == 1
    assert change in result.err
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize("suffix", ["ogg", "opus", "flac", "mp3"])
def test_the_tags_of_later_parts_are_noted(convtool, tmp_path, suffix):
    """The result has the tags of the first part, and a note says so."""
    codec = ["-c:a", "libvorbis"] if suffix == "ogg" else []
    path = joined(tmp_path, suffix, *codec)
    said = identity(convtool, path, tmp_path / "o.flac")
    assert "2 files joined to one: only the tags of the first are kept" in said
    assert mutagen.File(tmp_path / "o.flac")["title"] == ["440"]


@pytest.mark.parametrize("suffix", ["ogg", "opus", "oga", "flac", "mp3"])
def test_a_cut_chain_is_refused(convtool, tmp_path, suffix):
    """The second part without its end is no whole file."""
    codec = {"ogg": ["-c:a", "libvorbis"], "oga": ["-c:a", "flac"]}.get(suffix, [])
    path = joined(tmp_path, suffix, *codec)
    size = (tmp_path / f"1.{suffix}").stat().st_size
    path.write_bytes(path.read_bytes()[: -size // 3])
    result = convtool("audio", path, tmp_path / "o.wav", "-k", "identity")
    assert result.code == 1
    assert "truncated: " in result.err or "damaged: " in result.err
    said = identity(convtool, path, tmp_path / "o.wav", "--allow-truncated")
    assert "truncated: " in said
    assert RATE <= len(samples(tmp_path / "o.wav")) < 2 * RATE


def test_a_damaged_page_of_ogg_is_refused(convtool, tmp_path):
    """A page with a wrong checksum, which libogg leaves out, does not shorten the audio."""
    path = joined(tmp_path, "ogg", "-c:a", "libvorbis")
    data = bytearray(path.read_bytes())
    data[len(data) - 900] ^= 0x55
    path.write_bytes(data)
    result = convtool("audio", path, tmp_path / "o.wav", "-k", "identity")
    assert result.code == 1
    assert "damaged: page" in result.err
    assert "wrong checksum" in identity(convtool, path, tmp_path / "o.wav", "--allow-truncated")


# --- MP3 without a table, or with a wrong one ----------------------------------------------------


def variable(tmp_path, *options):
    """Return an MP3 of variable bit rate, 3 s of tones and noise."""
    path = tmp_path / "in.mp3"
    sound = "0.3*sin(880*PI*t)*lt(mod(t\\,1)\\,0.5)+0.1*random(0)*gt(mod(t\\,1)\\,0.5)"
    synthesize(path, f"aevalsrc={sound}:d=3:s=44100", "-q:a", "2", *options)
    return path


def patched(path, mark, offset, number):
    """Write a big-endian number behind a mark in a file."""
    data = bytearray(path.read_bytes())
    place = data.index(mark) + offset
    data[place : place + 4] = number.to_bytes(4, "big")
    path.write_bytes(data)


def test_an_mp3_of_variable_bit_rate_without_a_table_is_whole(convtool, tmp_path):
    """Its length is counted: an estimate from the first bit rate was 40000 samples."""
    path = variable(tmp_path, "-write_xing", "0")
    assert "note" not in identity(convtool, path, tmp_path / "o.wav")
    out = samples(tmp_path / "o.wav")
    assert len(out) == 116 * 1152
    assert np.abs(out - decoded(path)[: len(out)]).max() < 1e-4


@pytest.mark.parametrize("stated", [1, 50, 115, 117, 400, 2**31])
def test_a_wrong_number_of_frames_changes_nothing(convtool, tmp_path, stated):
    """A table that states too few or too many frames does not cut the audio, nor refuse it."""
    path = variable(tmp_path)
    identity(convtool, path, tmp_path / "right.wav")
    assert len(samples(tmp_path / "right.wav")) == 3 * 44100
    patched(path, b"Xing", 8, stated)
    identity(convtool, path, tmp_path / "o.wav")
    out = samples(tmp_path / "o.wav")
    assert np.array_equal(out[: 3 * 44100], samples(tmp_path / "right.wav"))
    assert len(out) < 3 * 44100 + 1152


def test_a_wrong_vbri_table_changes_nothing(convtool, tmp_path):
    """Fraunhofer's table is not trusted either."""
    path = variable(tmp_path, "-write_xing", "0", "-id3v2_version", "0")
    data = path.read_bytes()
    head = data[:2] + bytes([0x90, data[3]])  # 128 kbit/s: 417 bytes
    table = b"VBRI" + struct.pack(">HHHII", 1, 0, 75, len(data), 40)
    path.write_bytes((head + bytes(32) + table).ljust(417, b"\0") + data)
    identity(convtool, path, tmp_path / "o.wav")
    assert len(samples(tmp_path / "o.wav")) == 116 * 1152


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.97])
def test_an_mp3_that_is_cut_is_refused(convtool, tmp_path, cut):
    """With and without a table, a cut file is refused, or its loss is noted."""
    for options in ((), ("-write_xing", "0")):
        path = variable(tmp_path, *options)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
        result = convtool("audio", path, tmp_path / "o.wav", "-k", "identity")
        assert result.code == 1
        assert "truncated: " in result.err
        said = identity(convtool, path, tmp_path / "o.wav", "--allow-truncated", "--overwrite")
        assert "truncated: " in said


def test_mp3_equals_ffmpegs_decoding(convtool, tmp_path):
    """Sample for sample, delay and padding of the encoder cut off."""
    path = variable(tmp_path)
    identity(convtool, path, tmp_path / "o.wav", "--subtype", "float")
    assert np.abs(samples(tmp_path / "o.wav") - decoded(path)).max() < 1e-6


@pytest.mark.parametrize(("step", "problem"), [(61, "the audio"), (997, "damaged: ")])
def test_a_damaged_mp3_is_refused_in_our_words(convtool, tmp_path, step, problem):
    """No line of a decoder, which prints to the descriptor itself, reaches the user."""
    path = variable(tmp_path)
    data = bytearray(path.read_bytes())
    for place in range(100, len(data) - 100, step):
        data[place] ^= 0x5A
    path.write_bytes(data)
    result = convtool("audio", path, tmp_path / "o.wav", "-k", "identity")
    lines = result.err.splitlines()
    assert (result.code, result.out) == (1, "")
    assert all(line.startswith(("error: ", "hint: ")) for line in lines), lines
    assert problem in lines[0]


# --- what lies beside the samples ----------------------------------------------------------------

TAGS = {
    "albumartist": "AA",
    "composer": "C",
    "discnumber": "2/3",
    "tracknumber": "4/9",
    "isrc": "X1",
    "lyrics": "la",
    "bpm": "120",
    "replaygain_track_gain": "-6.50 dB",
}


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus"])
def test_all_tags_are_kept(convtool, tmp_path, suffix):
    """tags.flac: more tags than libsndfile knows, and the cover."""
    out = tmp_path / f"o.{suffix}"
    said = identity(convtool, CASES / "tags.flac", out, "--rate", "48000")
    assert "note" not in said
    found = mutagen.File(out)
    assert {key: found[key][0] for key in TAGS} == TAGS
    if suffix == "flac":
        assert found.pictures[0].data == mutagen.File(CASES / "tags.flac").pictures[0].data
    else:
        assert found["metadata_block_picture"]


def test_all_tags_are_kept_as_id3(convtool, tmp_path):
    """tags.flac into MP3, WAV and AIFF: an ID3 tag that mutagen reads."""
    for suffix in ("mp3", "wav", "aiff"):
        out = tmp_path / f"o.{suffix}"
        assert "dropped" not in identity(convtool, CASES / "tags.flac", out)
        tags = mutagen.File(out).tags
        frames = {"TPE2": "AA", "TCOM": "C", "TPOS": "2/3", "TSRC": "X1", "TBPM": "120"}
        assert {frame: str(tags[frame]) for frame in frames} == frames
        assert str(tags["TXXX:REPLAYGAIN_TRACK_GAIN"]) == "-6.50 dB"
        assert tags["USLT::XXX"].text == "la"
        assert len(tags["APIC:"].data) == 230


def test_all_tags_are_kept_in_m4a(convtool, tmp_path):
    """tags.flac into M4A: items of iTunes, and names for the others."""
    out = tmp_path / "o.m4a"
    assert "dropped" not in identity(convtool, CASES / "tags.flac", out)
    tags = mutagen.File(out).tags
    assert (tags["aART"], tags["disk"], tags["tmpo"]) == (["AA"], [(2, 3)], [120])
    assert tags["----:com.apple.iTunes:ISRC"][0] == b"X1"
    assert len(tags["covr"][0]) == 230


@pytest.mark.parametrize("suffix", ["au", "w64"])
def test_tags_that_a_format_cannot_hold_are_named(convtool, tmp_path, suffix):
    """tags.flac into AU: the note names each."""
    said = identity(convtool, CASES / "tags.flac", tmp_path / f"o.{suffix}")
    for name in TAGS:
        assert name.upper() in said
    assert "1 picture dropped" in said


def test_the_chunks_of_a_recorder_are_kept(convtool, tmp_path):
    """bwf.wav: bext, iXML, cue and smpl come out byte for byte."""
    source, out = CASES / "bwf.wav", tmp_path / "o.wav"
    assert "note" not in identity(convtool, source, out)
    for name in (b"bext", b"iXML", b"cue ", b"smpl"):
        assert chunk(out, name) == chunk(source, name) is not None
    assert np.array_equal(samples(out), samples(source))


def test_chunks_that_other_formats_cannot_hold_are_named(convtool, tmp_path):
    """bwf.wav into FLAC: one note names all four."""
    said = identity(convtool, CASES / "bwf.wav", tmp_path / "o.flac")
    assert "bext, iXML, cue, smpl dropped: FLAC cannot hold them" in said


@pytest.mark.parametrize("options", [("--rate", "44100"), ("--stride", "2")])
def test_chunks_that_count_samples_are_not_kept_at_another_rate(convtool, tmp_path, options):
    """A cue point at sample 100 would be at another time."""
    said = identity(convtool, CASES / "bwf.wav", tmp_path / "o.wav", *options)
    assert "bext, iXML, cue, smpl dropped: the positions of samples have changed" in said
    assert chunk(tmp_path / "o.wav", b"cue ") is None


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000])
def test_opus_is_read_at_its_own_rate(convtool, tmp_path, rate):
    """The rate in an Opus header is that of its source; Opus itself has 48000 Hz."""
    path = tmp_path / "in.opus"
    sine = f"sine=440:duration=1:sample_rate={rate}"
    synthesize(path, sine, "-c:a", "libopus")
    identity(convtool, path, tmp_path / "o.wav")
    assert soundfile.info(tmp_path / "o.wav").samplerate == RATE
    out, theirs = samples(tmp_path / "o.wav"), decoded(path)
    assert len(out) == len(theirs) == RATE
    assert pitches(out) == [440]


@pytest.mark.parametrize("length", [1, 100, 1000, 1023, 1024, 1025, 48000, 48123])
@pytest.mark.parametrize("subtype", ["aac", "alac_16", "alac_24"])
def test_m4a_has_the_length_of_its_input(convtool, tmp_path, length, subtype):
    """The encoder's delay and padding are cut off, by ffprobe and when it is read again."""
    source, out = tmp_path / "in.wav", tmp_path / "o.m4a"
    soundfile.write(source, tones([440, 660], 2)[:length], RATE)
    identity(convtool, source, out, "--subtype", subtype)
    stream = probe(out)["streams"][0]
    assert stream["duration_ts"] == length
    assert stream["codec_name"] == subtype[:4].removesuffix("_")
    identity(convtool, out, tmp_path / "back.wav")
    back = samples(tmp_path / "back.wav")
    assert len(back) == length
    if "alac" in subtype:
        assert np.array_equal(back, samples(source))
    elif length > 5000:
        assert np.abs(back - samples(source))[2000:-2000].mean() < 0.005


def test_an_image_is_named_as_such(convtool, tmp_path):
    """An image given to `audio` is no damaged audio."""
    image = next((CASES.parent / "image").glob("*/*.png"))
    result = convtool("audio", image, tmp_path / "o.wav", "-k", "identity")
    assert result.code == 1
    assert f"error: {image} is an image" in result.err
    assert "convtool image" in result.err

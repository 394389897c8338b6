"""Audio and video are read by ranges, of stores and of web servers; images are fetched whole."""

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile
from buckets import png
from videos import make

from convtool.places import reading, words

SIGNED = "X-Amz-Credential=me&X-Amz-Signature=0123456789abcdef"


class Handler(BaseHTTPRequestHandler):
    """Serves files from memory, by ranges where the server has them."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Print nothing."""

    def do_HEAD(self):  # the library's name
        """Answer without a body."""
        self._answer(body=False)

    def do_GET(self):
        """Answer with a body."""
        self._answer(body=True)

    def _answer(self, *, body):
        web = self.server
        web.asked.append(self.path)
        if body and web.busy:
            web.busy -= 1
            self.send_error(503)
            return
        path, _, query = self.path.partition("?")
        if path not in web.files:
            self.send_error(404)
            return
        if web.signed and query != SIGNED:
            self.send_error(403)
            return
        data, wanted = web.files[path], self.headers.get("Range")
        if wanted and web.ranges:
            first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", wanted).groups())
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            data = data[first : last + 1]
        else:
            self.send_response(200)
        if web.sized:
            self.send_header("Content-Length", str(len(data)))
        else:
            self.close_connection = True
        self.end_headers()
        if not body:
            return
        if web.cut:
            web.cut -= 1
            data, self.close_connection = data[: len(data) // 2], True
        web.sent += len(data)
        with contextlib.suppress(OSError):
            self.wfile.write(data)


@pytest.fixture
def web(monkeypatch):
    """Run a web server, which tries of this test come back to soon."""
    monkeypatch.setattr(words, "PAUSES", (0.01,) * 4)
    monkeypatch.setattr(reading, "BLOCK", 2**14)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.files, running.asked, running.sent = {}, [], 0
    running.ranges, running.sized, running.signed = True, True, False
    running.busy = running.cut = 0
    running.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """Return 30 seconds of noise, as files of several formats."""
    folder, noise = tmp_path_factory.mktemp("audio"), np.random.default_rng(0)
    samples = noise.uniform(-0.5, 0.5, (30 * 16_000, 1))
    for suffix in ("wav", "flac", "ogg"):
        soundfile.write(folder / f"a.{suffix}", samples, 16_000)
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Return 20 seconds of video whose index is at its end, as that of most cameras."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    noise = np.random.default_rng(0)
    frames = noise.integers(0, 256, (400, 64, 64, 3), dtype=np.uint8)
    make(path, frames, codec="mjpeg", pix_fmt="yuvj420p", rate=20)
    return path


def test_audio_is_read_as_it_is_filtered(convtool, bucket, monkeypatch, audio, tmp_path):
    """Each range of audio in a store is fetched once, and the result is that of a file here."""
    monkeypatch.setattr(reading, "BLOCK", 2**16)
    data = (audio / "a.wav").read_bytes()
    bucket.put("a.wav", data)
    for name in (f"{bucket.url}/a.wav", audio / "a.wav"):
        kind = "remote" if "://" in str(name) else "local"
        result = convtool("audio", name, tmp_path / f"{kind}.wav", "-k", "lowpass:cutoff=1000")
        assert result.code == 0, result.err
    assert (tmp_path / "remote.wav").read_bytes() == (tmp_path / "local.wav").read_bytes()
    assert bucket.asked("GET", "/a.wav") == -(-len(data) // 2**16)
    assert bucket.sent("/a.wav") == len(data)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_of_a_video(convtool, web, video, tmp_path, ranges):
    """Of two seconds of video at a web server, little more is sent, where it has ranges."""
    web.files["/v.mp4"], web.ranges = video.read_bytes(), ranges
    part = ("-k", "blur", "--duration", "2", "--start", "10")
    for name in (f"{web.url}/v.mp4", video):
        kind = "remote" if "://" in str(name) else "local"
        result = convtool("video", name, tmp_path / f"{kind}.mkv", *part)
        assert result.code == 0, result.err
    remote, local = (tmp_path / f"{kind}.mkv" for kind in ("remote", "local"))
    assert remote.stat().st_size == local.stat().st_size
    assert web.sent
    assert (web.sent < len(web.files["/v.mp4"]) / 2) == ranges


def test_the_header_alone_is_read_for_shapes(convtool, bucket, monkeypatch, audio):
    """`shape` fetches no more than the header."""
    monkeypatch.setattr(reading, "BLOCK", 2**16)
    bucket.put("a.wav", (audio / "a.wav").read_bytes())
    result = convtool("shape", f"{bucket.url}/a.wav", "-k", "1 2 1")
    assert "1 × 480000" in result.out
    assert bucket.sent("/a.wav") <= 2 * 2**16


def test_an_image_larger_than_the_memory_is_not_fetched(convtool, bucket):
    """The size that the store tells is enough to refuse it."""
    bucket.put("a.npy", bytes(2**20 + 1))
    call = ("image", f"{bucket.url}/a.npy", f"{bucket.url}/o.png", "-k", "blur")
    result = convtool(*call, "--max-memory", "1")
    assert f"error: {bucket.url}/a.npy: the file takes about 2 MiB of memory" in result.err
    assert "hint: raise it with --max-memory" in result.err
    assert bucket.asked("GET", "a.npy") == 0


def test_a_web_server_that_tells_no_size(convtool, web, tmp_path):
    """An image is fetched, as far as it may be large."""
    web.files["/a.png"], web.sized = png(), False
    web.files["/b.png"] = bytes(2**21)
    assert convtool("image", f"{web.url}/a.png", tmp_path / "o.png", "-k", "blur").code == 0
    call = ("image", f"{web.url}/b.png", tmp_path / "p.png", "-k", "blur", "--max-memory", "1")
    assert f"error: {web.url}/b.png: the file takes about 2 MiB" in convtool(*call).err


def test_a_signed_address(convtool, web, tmp_path):
    """Queries and passwords are used, and neither printed nor written; names come without them."""
    web.files["/in/a.png"], web.signed = png(), True
    name = f"http://user:pass-word@127.0.0.1:{web.server_port}/in/a.png?{SIGNED}"
    out = tmp_path / "out"
    call = ("image", name, f"{out}/", "-k", "sobel-x", "--merge", "--shard", "1/1", "-vv")
    done = convtool(*call, "--report", tmp_path / "r.html", "--plot", tmp_path / "p.svg")
    assert done.code == 0, done.err
    again = convtool(*call, "--skip-existing")
    assert "up to date" in again.err
    seen = done.out + done.err + again.err + convtool(*call, "--json").out
    bad = convtool("image", name.replace("abcdef", "abcde0"), f"{out}/", "-k", "blur", "-vv")
    assert f"127.0.0.1:{web.server_port}/in/a.png: access is denied" in bad.err
    seen += bad.err + convtool("image", name, "s3://b/o.png", "--plot", name, "-k", "blur").err
    for path in tmp_path.rglob("*"):
        seen += path.read_bytes().decode("latin-1") if path.is_file() else path.name
    assert "pass-word" not in seen
    assert "X-Amz" not in seen
    assert (out / "a_sobel-x.png").is_file()


@pytest.mark.parametrize("what", ["busy", "cut"])
@pytest.mark.parametrize(("medium", "name"), [("image", "a.png"), ("audio", "a.wav")])
def test_a_web_server_that_fails_for_a_moment(convtool, web, audio, tmp_path, what, medium, name):
    """It is tried again, as no library does it."""
    web.files["/a.png"], web.files["/a.wav"] = png(), (audio / "a.wav").read_bytes()
    setattr(web, what, 2)
    result = convtool(medium, f"{web.url}/{name}", tmp_path / name, "-k", "identity")
    assert result.code == 0, result.err
    assert getattr(web, what) == 0


@pytest.mark.parametrize(
    ("fault", "words_"),
    [
        ({"busy": 99}, "the store was too busy, each time it was tried"),
        ({"cut": 99}, "the connection was cut, each time it was tried"),
        ({"files": {}}, "no such file"),
        ({"signed": True}, "access is denied"),
    ],
)
def test_what_a_web_server_does_not_send(convtool, web, tmp_path, fault, words_):
    """The reason is told in words."""
    web.files["/a.png"] = png()
    vars(web).update(fault)
    result = convtool("image", f"{web.url}/a.png", tmp_path / "o.png", "-k", "blur")
    assert (result.code, result.err.splitlines()[0]) == (1, f"error: {web.url}/a.png: {words_}")


def test_no_server(convtool, tmp_path, monkeypatch):
    """An address where nobody answers is told as such."""
    monkeypatch.setattr(words, "PAUSES", ())
    result = convtool("image", "http://127.0.0.1:9/a.png", tmp_path / "o.png", "-k", "blur")
    assert "error: http://127.0.0.1:9/a.png: the store cannot be reached" in result.err


@pytest.mark.parametrize("more", [(), ("--allow-truncated",)])
@pytest.mark.parametrize(
    ("medium", "suffix"), [("video", "mp4"), ("audio", "wav"), ("audio", "ogg")]
)
def test_a_cut_is_no_end_of_the_file(
    convtool, web, audio, video, tmp_path, monkeypatch, medium, suffix, more
):
    """A connection that is lost in the middle is an error, also where truncated files are taken."""
    source = video if medium == "video" else audio / f"a.{suffix}"
    web.files[f"/a.{suffix}"] = source.read_bytes()
    real = reading.Source.fetch

    def fetch(self, start, end):
        if self.size / 3 < start < self.size / 2:
            raise words.CutError
        return real(self, start, end)

    monkeypatch.setattr(reading.Source, "fetch", fetch)
    call = (medium, f"{web.url}/a.{suffix}", tmp_path / f"o.{suffix}", "-k", "identity")
    result = convtool(*call, *more)
    assert "the connection was cut" in result.err
    assert result.code == 1
    assert not list(tmp_path.glob("o.*"))

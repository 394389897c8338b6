"""Objects appear whole or not at all, whatever happens to the connection, the store or the run."""

import io
import threading
import time

import numpy as np
import pytest
from buckets import png
from conftest import SAMPLES, eventually

from convtool.errors import WriteError
from convtool.outputs.atomic import Publisher
from convtool.places.names import place
from convtool.places.uploads import PART, Upload

LARGE = PART + PART // 2  # bytes: two parts


@pytest.fixture
def few_tries(monkeypatch):
    """Let the library give up soon."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")


def large(bucket):
    """Put an image there whose result as .npy is sent in parts, and return its name."""
    pixels = np.zeros((1100, 1000, 3), np.uint8)
    file = io.BytesIO()
    np.save(file, pixels)
    bucket.put("large.npy", file.getvalue())
    return f"{bucket.url}/large.npy"


FLOATS = ("-k", "identity", "--normalize", "none", "--merge", "-q")


def test_a_large_output_is_sent_in_parts(convtool, bucket):
    """The parts are joined when the last one is there; nothing is left over."""
    result = convtool("image", large(bucket), f"{bucket.url}/o.npy", *FLOATS)
    assert result.code == 0, result.err
    assert np.load(io.BytesIO(bucket.get("o.npy"))).shape[-2:] == (1100, 1000)
    assert bucket.asked("PUT", "partNumber") == 2
    assert bucket.uploads() == []


def test_a_cut_part_leaves_nothing(convtool, bucket, few_tries):
    """Neither an object nor an unfinished upload is left of an upload that is cut each time."""
    name = large(bucket)
    bucket.fails("PUT", "partNumber=2", "cut", 99)
    result = convtool("image", name, f"{bucket.url}/o.npy", *FLOATS)
    assert result.code == 1
    assert f"error: {bucket.url}/o.npy: the " in result.err
    assert bucket.names() == ["large.npy"]
    assert bucket.uploads() == []


def test_a_cut_object_leaves_nothing(convtool, bucket, few_tries):
    """A small object, sent at once, is not there either; what was there stays."""
    bucket.put("a.png", png())
    bucket.put("b.png", b"before")
    bucket.fails("PUT", "o.png", "cut", 99)
    bucket.fails("PUT", "b.png", "cut", 99)
    for name in ("o.png", "b.png"):
        call = ("image", f"{bucket.url}/a.png", f"{bucket.url}/{name}", "-k", "blur", "-f")
        assert convtool(*call).code == 1
    assert bucket.names() == ["a.png", "b.png"]
    assert bucket.get("b.png") == b"before"


def test_what_is_cut_or_refused_for_a_moment_is_tried_again(convtool, bucket):
    """A cut and an answer of 503, of reading and of writing, cost time only."""
    bucket.put("a.png", png())
    for method, part in (("GET", "a.png"), ("PUT", "o.png"), ("HEAD", "a.png")):
        bucket.fails(method, part, "busy")
        bucket.fails(method, part, "cut")
    result = convtool("image", f"{bucket.url}/a.png", f"{bucket.url}/o.png", "-k", "blur")
    assert result.code == 0, result.err
    assert "o.png" in bucket.names()
    assert all(fault.times == 0 for fault in bucket.server.layer.faults)


def test_a_busy_store_is_told_in_the_end(convtool, bucket, few_tries):
    """Tries are bounded, and the error says what to do."""
    bucket.put("a.png", png())
    bucket.fails("GET", "a.png", "busy", 99)
    result = convtool("image", f"{bucket.url}/a.png", f"{bucket.url}/o.png", "-k", "blur")
    assert (
        f"error: {bucket.url}/a.png: the store was too busy, each time it was tried" in result.err
    )
    assert "hint: fewer --jobs ask for less" in result.err
    assert bucket.server.layer.faults[0].times == 97


def test_a_lost_answer_is_no_failure(convtool, bucket):
    """An object that is there when it is sent again is ours where it has the same bytes."""
    bucket.put("a.png", png())
    bucket.fails("PUT", "o.png", "lost")
    result = convtool("image", f"{bucket.url}/a.png", f"{bucket.url}/o.png", "-k", "blur")
    assert result.code == 0, result.err
    assert bucket.asked("PUT", "o.png") == 1


def test_of_two_runs_the_second_replaces_nothing(bucket):
    """The condition that goes with an upload keeps an object that came while it was made."""

    def publish():
        with Publisher().file(place(f"{bucket.url}/o.png"), overwrite=False) as file:
            file.write(b"ours")
            bucket.put("o.png", b"theirs")

    with pytest.raises(WriteError, match=r"o\.png already exists"):
        publish()
    assert bucket.get("o.png") == b"theirs"


def test_nothing_is_sent_of_a_failure(bucket):
    """What raises while an output is made leaves no object."""

    def publish():
        with Publisher().file(place(f"{bucket.url}/o.png"), overwrite=False) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish()
    assert bucket.names() == []


class Interrupted(io.BytesIO):
    """A file whose second part is never read: the user interrupts."""

    def read(self, size=-1):
        """Return the first part only."""
        if self.tell():
            raise KeyboardInterrupt
        return super().read(size)


def test_an_interrupt_removes_the_parts(bucket):
    """Neither an object nor an unfinished upload is left."""
    upload = Upload(f"{bucket.url}/o.bin", overwrite=False)
    with pytest.raises(KeyboardInterrupt):
        upload.send(Interrupted(bytes(LARGE)), lambda: None)
    del upload
    assert bucket.asked("PUT", "partNumber=1") == 1
    assert (bucket.names(), bucket.uploads()) == ([], [])


def test_a_run_that_is_over_removes_the_parts_of_its_threads(bucket):
    """Threads that are sending end at their next part, and remove what they have sent."""
    publisher, errors = Publisher(), []

    def send():
        try:
            with publisher.file(place(f"{bucket.url}/o.bin"), overwrite=False) as file:
                file.write(bytes(4 * PART))
        except WriteError as exc:
            errors.append(str(exc))

    thread = threading.Thread(target=send)
    thread.start()
    eventually(lambda: bucket.asked("PUT", "partNumber=1"))
    started = time.monotonic()
    publisher.abandon()
    thread.join()
    assert time.monotonic() - started < 10
    assert errors == ["interrupted"]
    assert (bucket.names(), bucket.uploads()) == ([], [])


def frames(convtool, bucket, *more):
    """Filter a clip into a folder of frames."""
    call = ("video", SAMPLES / "clip.mp4", f"{bucket.url}/out/", "-k", "blur", "--format", "png")
    return convtool(*call, "--duration", "0.2", "--merge", "--name", "frames{suffix}", "-q", *more)


def test_a_folder_of_frames(convtool, bucket):
    """Frames are sent in order; a folder that is there is replaced whole, or not at all."""
    assert frames(convtool, bucket).code == 0
    there = bucket.names("out/frames/")
    assert len(there) > 2
    bucket.put("out/frames/old.png", b"old")
    assert "already exists" in frames(convtool, bucket).err
    assert frames(convtool, bucket, "-f").code == 0
    assert bucket.names("out/frames/") == there


def test_a_folder_whose_sending_fails_is_removed(convtool, bucket, few_tries):
    """None of its objects is left."""
    bucket.fails("PUT", "3.png", "cut", 99)
    assert frames(convtool, bucket).code == 1
    assert bucket.names() == []

"""Other systems: what the program does without what they lack, and by their rules for files."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from conftest import ROOT, SAMPLES
from elsewhere import MARK
from PIL import Image

from convtool import system
from convtool.errors import UsageError, WriteError
from convtool.kernels import grammar
from convtool.outputs import expansion, identities, jobs, lists, naming
from convtool.outputs.atomic import Publisher

STARTS = {
    "--version": "convtool ",
    "--help": "Usage: convtool COMMAND",
    "kernels list": "sobel-x ",
    "shape 32x32 --kernel-size 3": "Conv2d",
}
MEDIA = {
    "image": ("chart.jpg", "o.png"),
    "audio": ("melody.wav", "o.wav"),
    "video": ("clip.mp4", "o.mp4"),
}
WARM = [f"warm {word}" for word in ("start", "status", "stop")]


@pytest.fixture(scope="module", params=["win32", "darwin"])
def elsewhere(request, tmp_path_factory):
    """Run the program as if on another system.

    Returns:
        its exit code and what it printed on both streams, by the words of each call, and a folder
        with the outputs.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    calls = {words: words.split() for words in (*STARTS, *WARM)}
    for medium, (source, out) in MEDIA.items():
        words = [medium, SAMPLES / source, folder / out, "-k", "blur", "--overwrite"]
        calls[medium] = list(map(str, words))
    command = [sys.executable, str(ROOT / "tests" / "elsewhere.py"), request.param]
    done = subprocess.run(
        [*command, json.dumps(list(calls.values()))],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=200,
    )
    streams = [
        re.findall(rf"(.*?){MARK} (\d+)\n", stream, re.DOTALL)[1:]
        for stream in (done.stdout, done.stderr)
    ]
    told = {
        words: (int(code), out, err)
        for words, (out, code), (err, _) in zip(calls, *streams, strict=True)
    }
    return told, folder


@pytest.mark.parametrize(("words", "shown"), STARTS.items())
def test_it_starts(elsewhere, words, shown):
    """The program starts on systems that have no fork, no descriptors to pass, no signals."""
    code, out, err = elsewhere[0][words]
    assert (code, err) == (0, "")
    assert shown in out


@pytest.mark.parametrize("medium", MEDIA)
def test_it_filters(elsewhere, medium):
    """Media are filtered there."""
    told, folder = elsewhere
    code, _, err = told[medium]
    out = MEDIA[medium][1]
    assert code == 0, err
    assert f"wrote {folder / out}" in err
    assert {path.name for path in folder.iterdir()} == {out for _, out in MEDIA.values()}


@pytest.mark.parametrize("words", WARM)
def test_the_warm_process_needs_linux(elsewhere, words):
    """`convtool warm` says in words that it is for Linux."""
    code, out, err = elsewhere[0][words]
    assert (code, out) == (2, "")
    assert err.startswith("error: the warm process needs Linux")


def test_text_in_pipes_is_utf_8(elsewhere):
    """What Windows' own encoding of pipes lacks is printed all the same."""
    _, out, _ = elsewhere[0]["shape 32x32 --kernel-size 3"]
    assert "Conv2d(1 → 1" in out


@pytest.fixture
def windows(monkeypatch):
    """Follow the rules of Windows for files."""
    monkeypatch.setattr(system, "WINDOWS", True)
    monkeypatch.setattr(system, "CASELESS", True)
    monkeypatch.setattr(system, "PATIENCE", 0.2)
    monkeypatch.setattr(system, "PAUSE", 0.01)


@pytest.mark.parametrize(
    "name", ["AUX.png", "com1", "lpt³.txt", "nul .png", "a:b.png", "a?.png", "a.", "a ", "a\n.png"]
)
def test_names_that_windows_does_not_allow(name):
    """Devices, hidden streams of other files and names that would be cut are refused."""
    assert system.refusal_by_windows(name)


@pytest.mark.parametrize(
    "name", ["auxiliary.png", "com10.png", ".convtool.jsonl", "a=3+b.png", ".."]
)
def test_names_that_windows_allows(name):
    """All other names are taken."""
    assert system.refusal_by_windows(name) is None


@pytest.mark.usefixtures("windows")
def test_drives_are_no_part_of_names():
    """The colon of a drive is no colon in a name; those of folders count."""
    assert system.refusal(PureWindowsPath(r"C:\photos\a.png")) is None
    assert system.refusal(PureWindowsPath(r"\\server\share\a.png")) is None
    assert system.refusal(PureWindowsPath(r"C:\con\a.png"))


@pytest.mark.usefixtures("windows")
def test_a_device_is_no_output(convtool, tmp_path):
    """An output that Windows would write to a device is refused, and nothing is left."""
    result = convtool("image", SAMPLES / "cross.png", tmp_path / "aux.png", "-k", "blur")
    assert result.code == 1
    assert f"{tmp_path / 'aux.png'} cannot be written: 'aux' is a device on Windows" in result.err
    assert list(tmp_path.iterdir()) == []


def test_such_names_are_taken_elsewhere(convtool, tmp_path):
    """Linux and macOS have no such rules."""
    assert convtool("image", SAMPLES / "cross.png", tmp_path / "aux.png", "-k", "blur").code == 0


def write(path, text, *, overwrite):
    """Publish a file."""
    with Publisher().file(path, overwrite=overwrite) as file:
        file.write(text)


@pytest.mark.usefixtures("windows")
def test_a_file_in_use_is_waited_for(monkeypatch, tmp_path):
    """A virus scanner that holds the new file for a moment does not make the output fail."""
    refusals, rename = [1, 2], Path.rename

    def refused(self, target):
        if refusals:
            refusals.pop()
            raise PermissionError(errno.EACCES, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    write(tmp_path / "a.txt", b"new", overwrite=False)
    assert (tmp_path / "a.txt").read_bytes() == b"new"


@pytest.mark.usefixtures("windows")
def test_a_file_that_stays_in_use_is_kept(monkeypatch, tmp_path):
    """An output that another program has open is kept as it is, and the reason is said."""
    (tmp_path / "a.txt").write_text("old")

    def refused(self, target):
        del self, target
        raise PermissionError(errno.EACCES, "in use by another program")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(WriteError, match=r"a\.txt cannot be written: in use by another program"):
        write(tmp_path / "a.txt", b"new", overwrite=True)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_refusals_elsewhere_are_final(monkeypatch, tmp_path):
    """Elsewhere a rename that is refused once is refused at once."""
    tries = []

    def refused(source, target):
        tries.append((source, target))
        raise PermissionError

    with pytest.raises(PermissionError):
        system.patiently(refused, tmp_path, tmp_path)
    assert len(tries) == 1


@pytest.mark.usefixtures("windows")
def test_renaming_replaces_nothing_unasked(monkeypatch, tmp_path):
    """Windows' rename fails where another run was faster."""

    def exists(self, target):
        del self, target
        raise FileExistsError(errno.EEXIST, "exists")

    monkeypatch.setattr(Path, "rename", exists)
    with pytest.raises(WriteError, match="already exists"):
        write(tmp_path / "a.txt", b"new", overwrite=False)


@pytest.mark.usefixtures("windows")
def test_the_only_mode_of_windows_is_not_taken_over(tmp_path):
    """A file that is read-only there cannot be renamed over, nor removed."""
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt").chmod(0o444)
    write(tmp_path / "a.txt", b"new", overwrite=True)
    assert (tmp_path / "a.txt").stat().st_mode & 0o200


@pytest.mark.usefixtures("windows")
def test_open_files_are_closed_before_they_are_removed(tmp_path):
    """Windows removes no file that is open: a run that is abandoned closes its temporaries."""
    publisher = Publisher()
    writing = publisher.file(tmp_path / "a.txt", overwrite=False)
    file = writing.__enter__()  # it is left by no `with`, as in a thread
    publisher.abandon()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file.fileno())
    with pytest.raises(WriteError, match="Bad file descriptor"):
        writing.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_replaced_is_kept(monkeypatch, tmp_path):
    """Where the new folder cannot take its name, the old one gets it back."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").touch()
    rename = Path.rename

    def refused(self, target):
        if self.suffix == ".tmp":
            raise PermissionError(errno.EACCES, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with (
        pytest.raises(WriteError, match="out cannot be written: in use"),
        Publisher().folder(tmp_path / "out", overwrite=True) as folder,
    ):
        (folder / "new.txt").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "old.txt"]


def plan(tmp_path, *names):
    """Plan the jobs of files in folders of their own, into one folder."""
    rooms = naming.Naming(readable={".png"}, writable={".png": "PNG"})
    inputs = []
    for place, name in enumerate(names):
        path = tmp_path / str(place) / name
        path.parent.mkdir()
        Image.new("L", (1, 1)).save(path)
        inputs.append(str(path))
    return jobs.plan_jobs(inputs, f"{tmp_path}/out/", rooms)


@pytest.mark.parametrize("names", [("A.png", "a.png"), ("\xe9.png", "e\u0301.png")])
def test_names_that_differ_in_spelling_share_an_output(monkeypatch, tmp_path, names):
    """Windows and macOS have one file for names in upper and lower case, or composed."""
    monkeypatch.setattr(system, "CASELESS", True)
    with pytest.raises(UsageError, match="would have the same output names"):
        plan(tmp_path, *names)


def test_names_that_differ_in_spelling_are_two_on_linux(monkeypatch, tmp_path):
    """Linux keeps them apart."""
    monkeypatch.setattr(system, "CASELESS", False)
    assert len(plan(tmp_path, "A.png", "a.png").known) == 2


def test_files_without_numbers_are_known_by_their_paths(monkeypatch, tmp_path):
    """Where a system numbers no files, two of them are not taken for one."""
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.touch()
    second.touch()
    numbered = os.stat

    def unnumbered(name, **options):
        status = list(numbered(name, **options))
        status[1] = 0
        return os.stat_result(status)

    monkeypatch.setattr(identities.os, "stat", unnumbered)
    known = identities.Identities([str(first)])
    identities.refuse_input(second, known)
    with pytest.raises(WriteError, match="is an input itself"):
        identities.refuse_input(tmp_path / "." / "a.png", known)


@pytest.mark.parametrize("name", [r"\Windows\a.png", r"C:a.png", r"C:\a.png", r"..\a.png"])
def test_listed_files_stay_below_output(monkeypatch, name):
    """Names with a drive or a root alone lead out of OUTPUT as absolute ones do."""
    monkeypatch.setattr(expansion, "PurePath", PureWindowsPath)
    (found,) = expansion.Expansion([], [name], naming.Naming(readable=(), writable={}))
    assert found.folder == PureWindowsPath()


@pytest.mark.parametrize("template", [r"\a{suffix}", r"C:a{suffix}", r"..\a{suffix}"])
def test_templates_stay_below_output(monkeypatch, template):
    """The same goes for --name."""
    monkeypatch.setattr(naming, "PurePath", PureWindowsPath)
    with pytest.raises(UsageError, match="leads out of the folder OUTPUT"):
        naming.Naming(readable=(), writable={}, template=template)


def test_a_list_in_another_encoding_is_refused_on_windows(monkeypatch, tmp_path):
    """Windows' names are no bytes: a list that is not UTF-8 is refused in words."""
    monkeypatch.setattr(lists.os, "fsdecode", bytes.decode)
    (tmp_path / "list").write_bytes(b"\xe9.png\n")
    with pytest.raises(UsageError, match="the list is not UTF-8"):
        list(lists.read_list(str(tmp_path / "list"), b"\n"))


def test_the_colon_of_a_drive_begins_no_parameters():
    r"""`C:\a.yaml` is a file, and its parameters stand behind the next colon."""
    assert grammar.split_head(r"C:\a.yaml:size=5") == (r"C:\a.yaml", "size=5")
    assert grammar.split_head(r"C:\kernels\a.txt") == (r"C:\kernels\a.txt", None)
    assert grammar.split_head("c:size=5") == ("c", "size=5")


def test_keys_of_names_are_names_on_linux():
    """Where names are bytes, each is its own."""
    assert system.same_file_key(PurePosixPath("a/B.png")) == "a/B.png"

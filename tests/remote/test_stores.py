"""Remote inputs and outputs: images in a real S3 server, names of every kind, what can go wrong."""

import sys

import pytest
from buckets import KEY, SECRET, png
from conftest import LONG, ROOT, SAMPLES

from convtool import apply

MANY = 1000 if LONG else 40
OPTIONS = ("-k", "sobel-x", "--merge")


def test_a_folder_is_filtered_as_it_is_here(convtool, bucket, tmp_path):
    """Outputs in a store equal those of the same run on local files, byte by byte."""
    for index in range(MANY):
        name, data = f"in/{index % 7}/{index}.png", png(index)
        bucket.put(name, data)
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    result = convtool("image", f"{bucket.url}/in/", f"{bucket.url}/out/", *OPTIONS, "-q")
    assert result.code == 0, result.err
    convtool("image", tmp_path / "in", tmp_path / "out", *OPTIONS, "-q")
    here = sorted(path for path in (tmp_path / "out").rglob("*.png"))
    assert bucket.names("out/") == sorted(str(path.relative_to(tmp_path)) for path in here)
    assert len(here) == MANY
    for path in here:
        assert bucket.get(str(path.relative_to(tmp_path))) == path.read_bytes()


def test_sizes_come_with_the_listing(convtool, bucket):
    """Shards by size ask for no object, and each input is fetched by one request."""
    for index in range(12):
        bucket.put(f"in/{index:02}.png", png(index, (8, 8 + index)))
    parts = [f"--shard={number}/3" for number in (1, 2, 3)]
    for part in parts:
        call = ("image", f"{bucket.url}/in", f"{bucket.url}/out/", *OPTIONS, part)
        assert convtool(*call, "--shard-by", "size", "-q").code == 0
    assert len(bucket.names("out/")) == 12
    assert bucket.asked("HEAD", "/in/") == 0
    assert bucket.asked("GET", "/in/") == 12


def test_a_listing_comes_page_by_page(bucket, monkeypatch):
    """The first names are there before the last page is asked for, and all come in order."""
    from convtool.places import listing  # noqa: PLC0415

    monkeypatch.setattr(listing, "PAGE", 10)
    real = bucket.server.client.list_objects_v2
    for index in range(25):
        bucket.put(f"in/{index:02}", b"x")
    bucket.put("in/", b"")
    found = listing.below(f"{bucket.url}/in")
    first = next(found)
    assert (first.name, first.size) == (f"{bucket.url}/in/00", 1)
    names = [entry.name for entry in found]
    assert names == [f"{bucket.url}/in/{index:02}" for index in range(1, 25)]
    assert real(Bucket=bucket.name)["KeyCount"] == 26


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*.png", ["a.png", "b[1].png"]),
        ("b[[]1].png", ["b[1].png"]),
        ("b[1].png", ["b[1].png"]),
        ("sub*/*.png", ["sub/c.png"]),
        ("**/*.png", ["a.png", "b[1].png", "sub/c.png", "sub/deep/d.png"]),
        ("su?", ["sub/c.png", "sub/deep/d.png"]),
    ],
)
def test_patterns(convtool, bucket, tmp_path, pattern, wanted):
    """Patterns match objects and folders, hidden ones by name only; a name itself comes first."""
    names = ["a.png", "b[1].png", "sub/c.png", "sub/deep/d.png", ".hidden.png", "sub/.e.png"]
    for index, name in enumerate(names):
        bucket.put(f"in/{name}", png(index))
    call = ("image", f"{bucket.url}/in/{pattern}", f"{tmp_path}/out/", *OPTIONS, "--json")
    result = convtool(*call)
    assert result.code == 0, result.err
    assert [line.split('"')[3] for line in result.out.splitlines()] == [
        f"{bucket.url}/in/{name}" for name in wanted
    ]


HOSTILE = [
    "a b.png",
    "a%20b.png",
    "#1.png",
    "what?.png",
    "back\\slash.png",
    "größe-雪.png",
    "q'\".png",
]


def test_hostile_names(convtool, bucket, tmp_path):
    """Names are taken as they are written, and none leads out of OUTPUT."""
    names = [*HOSTILE, "x" * 200 + ".png", "a::memory://b.png", "sub//twice.png", "./dot.png"]
    for index, name in enumerate(names):
        bucket.put(f"in/{name}", png(index))
    bucket.put("in/folder/", b"")
    bucket.put("in/up/../../escaped.png", png())
    result = convtool("image", f"{bucket.url}/in/", f"{bucket.url}/out/", *OPTIONS)
    assert result.code == 1
    assert result.err.count("its name would lead out of OUTPUT") == 1
    wanted = [name.replace("//twice", "/twice").replace("./dot", "dot") for name in names]
    wanted = [name.replace(".png", "_sobel-x.png") for name in wanted]
    wanted[8] = "a::memory:/b_sobel-x.png"
    assert bucket.names("out/") == sorted(f"out/{name}" for name in wanted)
    assert convtool("image", f"{bucket.url}/in/", tmp_path / "o", *OPTIONS, "-q").code == 1
    assert not list(tmp_path.glob("*escaped*"))


def test_a_name_with_a_version_is_refused(convtool, bucket):
    """The library would take the end of such a name for a version, and read another object."""
    bucket.put("in/a.png", png())
    bucket.put("in/a.png?versionId=1.png", png(1))
    result = convtool("image", f"{bucket.url}/in/", f"{bucket.url}/out/", *OPTIONS)
    assert result.code == 1
    assert "the library of s3:// misreads this name" in result.err
    assert bucket.names("out/") == ["out/a_sobel-x.png"]


def test_lists_hold_addresses_and_are_at_addresses(convtool, bucket, tmp_path):
    """A list in a store names inputs here and in the store."""
    bucket.put("in/a.png", png())
    (tmp_path / "b.png").write_bytes(png(1))
    bucket.put("list", f"{bucket.url}/in/a.png\nfile://{tmp_path}/b.png\nftp://h/c.png\n".encode())
    out = tmp_path / "out"
    result = convtool("image", "--files-from", f"{bucket.url}/list", f"{out}/", *OPTIONS)
    assert "ftp:// is not supported" in result.err
    assert result.code == 1
    assert sorted(path.name for path in out.glob("*.png")) == ["a_sobel-x.png", "b_sobel-x.png"]


def test_other_doors(convtool, bucket, tmp_path):
    """`apply`, `shape` and `explain` read remote files, and drawings can be remote."""
    bucket.put("a.png", png(size=(8, 9)))
    (tmp_path / "a.png").write_bytes(png(size=(8, 9)))
    name = f"{bucket.url}/a.png"
    assert apply(name, "sobel-x").equal(apply(tmp_path / "a.png", "sobel-x"))
    assert "3 × 8×9" in convtool("shape", name, "-k", "sobel-x").out
    assert "element 1,1 of 8×9" in convtool("explain", name, "-k", "sobel-x", "--at", "1,1").out
    drawn = [f"--{what}={bucket.url}/{what}" for what in ("plot.svg", "report.html")]
    drawn = [word.replace(".svg=", "=").replace(".html=", "=") for word in drawn]
    result = convtool("image", name, f"{bucket.url}/o.png", "-k", "blur", *drawn)
    assert result.code == 0, result.err
    assert bucket.names() == ["a.png", "o.png", "plot.svg", "report.html"]
    again = convtool("image", name, f"{bucket.url}/o2.png", "-k", "blur", *drawn)
    assert f"{bucket.url}/plot.svg already exists" in again.err


def test_an_output_is_no_input_and_replaces_nothing(convtool, bucket):
    """An object stays unless --overwrite is given, and an input stays in any case."""
    bucket.put("a.png", png())
    name = f"{bucket.url}/a.png"
    assert "is an input itself" in convtool("image", name, name, "-k", "blur", "-f").err
    bucket.put("b.png", b"mine")
    refused = convtool("image", name, f"{bucket.url}/b.png", "-k", "blur")
    assert f"error: {bucket.url}/b.png already exists\nhint: --overwrite" in refused.err
    assert bucket.get("b.png") == b"mine"
    assert convtool("image", name, f"{bucket.url}/b.png", "-k", "blur", "-f").code == 0
    assert bucket.get("b.png") != b"mine"


@pytest.mark.parametrize(
    ("inputs", "output", "words"),
    [
        ("s3://none-such/a.png", "{b}/o.png", "s3://none-such/a.png: no such bucket"),
        ("s3://none-such/in/", "{b}/o/", "s3://none-such/in/: no such bucket"),
        ("{b}/none.png", "{b}/o.png", "{b}/none.png: no such file"),
        ("{b}/none/", "{b}/o/", "{b}/none/: no such folder"),
        ("{b}/none/*.png", "{b}/o/", "no file matches '{b}/none/*.png'"),
        ("{b}/a.png", "s3://none-such/o/", "s3://none-such: no such bucket"),
        ("{b}/a.png", "http://host/o.png", "http://host/o.png: http:// can be read, not written"),
        ("{b}/a.png", "ftp://host/o.png", "ftp://host/o.png: ftp:// is not supported"),
        ("ssh://me:pw@h/a.png", "{b}/o.png", "ssh://***@h/a.png: ssh:// is not supported"),
        ("s3://me:pw@b/a.png", "{b}/o.png", "s3://***@b/a.png: names hold no credentials"),
        ("s3:///a.png", "{b}/o.png", "s3:///a.png: has no name behind s3://"),
        ("file://host/a.png", "{b}/o.png", "file://host/a.png: is on another machine"),
    ],
)
def test_mistakes_are_told_in_words(convtool, bucket, inputs, output, words):
    """Each mistake is told with the name that it is about, without a traceback."""
    bucket.put("a.png", png())
    call = (inputs.format(b=bucket.url), output.format(b=bucket.url))
    result = convtool("image", *call, "-k", "blur")
    assert result.code in {1, 2}
    assert f"error: {words.format(b=bucket.url)}" in result.err
    assert bucket.names() == ["a.png"]


def test_an_empty_bucket(convtool, bucket, tmp_path):
    """It holds no images, which is told as of an empty folder."""
    result = convtool("image", bucket.url, f"{tmp_path}/o/", "-k", "blur")
    assert (result.code, "no images here" in result.err) == (1, True)


def test_wrong_credentials(convtool, bucket, monkeypatch):
    """The store's refusal is told in words, with a hint, and no secret."""
    import requests  # noqa: PLC0415

    bucket.put("a.png", png())
    address = f"{bucket.server.address}/moto-api/reset-auth"
    requests.post(address, data=b"0", timeout=10)
    try:
        result = convtool("image", f"{bucket.url}/a.png", f"{bucket.url}/o.png", "-k", "blur")
    finally:
        requests.post(address, data=b"inf", timeout=10)
    assert result.code == 1
    assert f"error: {bucket.url}/a.png: " in result.err
    assert "check the credentials in the environment" in result.err
    assert SECRET not in result.out + result.err


def test_no_credentials(convtool, bucket, monkeypatch):
    """Where there are none, the message says which variables hold them."""
    bucket.put("a.png", png())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = convtool("image", f"{bucket.url}/a.png", f"{bucket.url}/o.png", "-k", "blur")
    assert "no credentials were found\nhint: AWS_PROFILE" in result.err


def test_no_secret_is_printed(convtool, bucket, tmp_path):
    """Neither output, nor JSON, nor details, nor files of a run have the secret key."""
    bucket.put("in/a.png", png())
    bucket.put("in/b.png", b"no image")
    call = ("image", f"{bucket.url}/in/", f"{bucket.url}/out/", *OPTIONS, "--shard", "1/1", "-vv")
    result = convtool(*call, "--failed-to", f"{bucket.url}/failed")
    assert result.code == 1
    seen = result.out + result.err + convtool(*call, "--json", "-f").out
    seen += "".join(bucket.get(key).decode("latin-1") for key in bucket.names(hidden=True))
    assert SECRET not in seen
    assert KEY not in seen
    assert bucket.get("failed") == f"{bucket.url}/in/b.png\0".encode()


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [("s3://b/a", "s3fs", "s3"), ("gs://b/a", "gcsfs", "gcs"), ("az://b/a", "adlfs", "azure")],
)
def test_without_its_extra_a_store_is_refused(convtool, monkeypatch, name, missing, extra):
    """The error names what is missing, and how to install it."""
    monkeypatch.setitem(sys.modules, missing, None)
    result = convtool("image", f"{name}.png", "o.png", "-k", "blur")
    assert result.code == 2
    assert f"error: {name}.png: {name[:5]} needs {missing}" in result.err
    assert f"hint: pip install 'torch-convtool[{extra}]'" in result.err


def test_nothing_remote_is_imported_for_local_files(program, tmp_path):
    """Local files keep their start-up."""
    import subprocess  # noqa: PLC0415

    code = (
        "import sys; from convtool.cli.app import run; assert run(sys.argv[1:]) == 0;"
        "print({'fsspec', 's3fs', 'aiohttp', 'botocore', 'asyncio'} & set(sys.modules))"
    )
    call = ["image", SAMPLES / "checker.png", tmp_path / "o.png", "-k", "blur", "-q"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, call)],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path), "CONVTOOL_WARM": "off"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() in {"set()", "{'asyncio'}"}


def test_memory(convtool, tmp_path):
    """`memory://` is a store as others are, for programs and tests."""
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "line\nfeed.png").write_bytes(png(1))
    assert convtool("image", tmp_path, "memory://box/out/", *OPTIONS, "-q").code == 0
    again = convtool("image", tmp_path, "memory://box/out/", *OPTIONS, "--skip-existing")
    assert again.err.count("up to date") == 2
    assert "line\\nfeed" in again.err
    assert convtool("image", "memory://box/out/*.png", f"{tmp_path}/o/", *OPTIONS).code == 0
    assert len(list((tmp_path / "o").glob("*.png"))) == 2

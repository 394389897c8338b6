"""A real S3 server for tests, moto's, with a layer before it that counts, and fails when told."""

import io
import logging
import socket
import uuid
from dataclasses import dataclass

import boto3
import numpy as np
from botocore.config import Config
from moto.server import ThreadedMotoServer
from PIL import Image

SECRET = "s3cr3t/that+nobody/may+see"  # noqa: S105  # of no account
KEY = "AKIATESTTESTTESTTEST"
SLOW = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class Fault:
    """What goes wrong with the next requests of a kind.

    Attributes:
        method: of the requests.
        part: of their path or query.
        what: `busy` answers 503; `cut` ends the connection in the middle of the body; `lost` does
            what is asked, and ends it before the answer.
        times: how often.
    """

    method: str
    part: str
    what: str
    times: int


class Layer:
    """A WSGI application around another one."""

    def __init__(self, app):
        self.app, self.faults, self.log = app, [], []

    def __call__(self, environ, start_response):
        """Answer a request, or let it fail."""
        method = environ["REQUEST_METHOD"]
        path = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        fault = self._next_fault(method, path)
        if fault == "busy":
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("503 Slow Down", [("Content-Length", str(len(SLOW)))])
            return [b"" if method == "HEAD" else SLOW]
        if fault == "cut" and method in {"PUT", "POST"}:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]) // 2)
            _cut(environ)
        if fault == "lost":
            b"".join(self.app(environ, start_response))
            _cut(environ)
        return self._answer(environ, start_response, method, path, cut=fault == "cut")

    def _next_fault(self, method, path):
        for fault in self.faults:
            if fault.method == method and fault.part in path and fault.times > 0:
                fault.times -= 1
                return fault.what
        return None

    def _answer(self, environ, start_response, method, path, *, cut):
        sent = 0
        for piece in self.app(environ, start_response):
            if cut:
                yield piece[: len(piece) // 2]
                _cut(environ)
            sent += len(piece)
            yield piece
        self.log.append((method, path, sent))


def _cut(environ):
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


class Server:
    """The server; each test has a bucket of its own."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.address = "http://{}:{}".format(*self._server.get_host_and_port())
        inner = self._server._server  # noqa: SLF001  # it has no public name
        self.layer = inner.app = Layer(inner.app)
        self.environment = {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        }
        self.client = boto3.client(
            "s3",
            endpoint_url=self.address,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def stop(self):
        """End the server."""
        self._server.stop()

    def bucket(self, name=None):
        """Return a new bucket, or one of a name."""
        name = name or f"b{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name)
        self.layer.faults.clear()
        self.layer.log.clear()
        return Bucket(self, name)


class Bucket:
    """A bucket, seen by another client than the program's."""

    def __init__(self, server, name):
        self.server, self.name, self.url = server, name, f"s3://{name}"

    def put(self, key, data, **more):
        """Write an object."""
        self.server.client.put_object(Bucket=self.name, Key=key, Body=data, **more)

    def get(self, key):
        """Return the bytes of an object."""
        return self.server.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def names(self, prefix="", *, hidden=False):
        """Return the keys of all objects, in order, without manifests."""
        pages = self.server.client.get_paginator("list_objects_v2")
        found = []
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            found += [each["Key"] for each in page.get("Contents", [])]
        return [key for key in found if hidden or ".convtool" not in key]

    def uploads(self):
        """Return the keys of uploads in parts that are neither complete nor removed."""
        answer = self.server.client.list_multipart_uploads(Bucket=self.name)
        return [each["Key"] for each in answer.get("Uploads", [])]

    def fails(self, method, part, what, times=1):
        """Let requests fail."""
        self.server.layer.faults.append(Fault(method, part, what, times))

    def asked(self, method, part=""):
        """Return how many requests of a kind there were."""
        return sum(part in path and each == method for each, path, _ in self.server.layer.log)

    def sent(self, part):
        """Return how many bytes were read of paths that have a part."""
        log = self.server.layer.log
        return sum(size for method, path, size in log if method == "GET" and part in path)


def png(seed=0, size=(8, 8)):
    """Return the bytes of a small image."""
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()

"""Images: the backend by which their files are read and written."""

from convtool.media.image.backend import BACKEND, ImageBackend

__all__ = ["BACKEND", "ImageBackend"]

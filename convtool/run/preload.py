"""Import what segments need, once for all processes that filter them."""

from convtool.start.importing import import_torch

import_torch()

import convtool.media.video.read  # noqa: E402
import convtool.media.video.write  # noqa: E402
import convtool.run.segments  # noqa: E402, F401

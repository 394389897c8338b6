"""Subtypes: how audio files store samples, by libsndfile's names, and what they are decoded to."""

import torch

from convtool.levels import Levels

# libsndfile and FFmpeg have no 8-bit and 24-bit integers: they come in the next larger type.
INT8 = Levels(torch.int16, 2**7, signed=True)
INT16 = Levels(torch.int16, 2**15, signed=True)
INT24 = Levels(torch.int32, 2**23, signed=True)
INT32 = Levels(torch.int32, 2**31, signed=True)
FLOAT32 = Levels(torch.float32, signed=True)
FLOAT64 = Levels(torch.float64, signed=True)

LEVELS = {
    "PCM_U8": INT8,
    "PCM_S8": INT8,
    "PCM_16": INT16,
    "ALAC_16": INT16,
    "ALAC_20": INT24,
    "ALAC_24": INT24,
    "ALAC_32": INT32,
    "PCM_24": INT24,
    "PCM_32": INT32,
    "FLOAT": FLOAT32,
    "DOUBLE": FLOAT64,
}
LOSSY = ("VORBIS", "OPUS", "AAC", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")


def levels_of(subtype: str) -> Levels:
    """Return how samples of a subtype are decoded: companded and unknown ones to 16 bits."""
    return FLOAT32 if subtype in LOSSY else LEVELS.get(subtype, INT16)


def bits(subtype: str) -> int:
    """Return how many bits per sample a subtype is worth; lossy ones count as 16.

    >>> bits("PCM_24"), bits("DOUBLE"), bits("VORBIS"), bits("ULAW")
    (24, 64, 16, 16)
    """
    levels = INT16 if subtype in LOSSY else levels_of(subtype)
    return levels.dtype.itemsize * 8 if levels.floats else levels.scale.bit_length()


def padding_bits(levels: Levels) -> int:
    """Return how many zero bits libsndfile puts below each sample: its bits come uppermost.

    >>> padding_bits(INT24), padding_bits(INT16), padding_bits(FLOAT32)
    (8, 0, 0)
    """
    if levels.floats:
        return 0
    return levels.dtype.itemsize * 8 - levels.scale.bit_length()

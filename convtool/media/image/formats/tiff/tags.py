"""The numbers of TIFF's tags and of the values that are known here."""

from enum import IntEnum


class Tag(IntEnum):
    """Tags of TIFF 6.0, its supplements, EXIF, GeoTIFF and GDAL."""

    SUBFILE = 254
    OLD_SUBFILE = 255
    WIDTH = 256
    LENGTH = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    DOCUMENT_NAME = 269
    DESCRIPTION = 270
    MAKE = 271
    MODEL = 272
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    T4_OPTIONS = 292
    RESOLUTION_UNIT = 296
    SOFTWARE = 305
    DATE_TIME = 306
    ARTIST = 315
    PREDICTOR = 317
    WHITE_POINT = 318
    PRIMARIES = 319
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    SUB_DIRECTORIES = 330
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    JPEG_STREAM = 513
    JPEG_LENGTH = 514
    COEFFICIENTS = 529
    SUBSAMPLING = 530
    BLACK_WHITE = 532
    XMP = 700
    DEPTH = 32997
    COPYRIGHT = 33432
    STACK = 33629  # MetaMorph's, with one value per plane
    IPTC = 33723
    ICC = 34675
    EXIF = 34665
    GPS = 34853
    EXIF_WIDTH = 40962
    EXIF_HEIGHT = 40963
    INTEROPERABILITY = 40965
    NO_DATA = 42113  # GDAL's
    LERC = 50674
    DNG_VERSION = 50706
    IMAGEJ_COUNTS = 50838
    IMAGEJ_METADATA = 50839


# The model of the earth that GeoTIFF tags relate an image to, and what GDAL adds to it.
GEO = (33550, 33920, 33922, 34264, 34735, 34736, 34737, 42112, 42113)

# Tags of the first directory that describe an image whatever its encoding; all but the first are
# known to EXIF as well.
DESCRIPTIVE = (
    Tag.DOCUMENT_NAME,
    Tag.DESCRIPTION,
    Tag.MAKE,
    Tag.MODEL,
    Tag.SOFTWARE,
    Tag.DATE_TIME,
    Tag.ARTIST,
    316,  # the host computer
    18246,  # the rating
    18249,
    Tag.COPYRIGHT,
    *range(40091, 40096),  # Windows's title, comment, author, keywords, subject
)

# Tags that say how samples are stored, which a written file says in its own way.
LAYOUT = frozenset(
    {
        *range(254, 267),  # sizes, compression, colour model, thresholds
        *(273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 288, 289, 292, 293, 296, 297),
        *(317, 320, 322, 323, 324, 325, 326, 327, 328, 330, 332, 334, 336, 338, 339, 340, 341, 347),
        *(*range(512, 522), 529, 530, 531, 532, 559, 32997, 32998, 50674, 50908),
        *(33918, 40962, 40963),
    }
)

# What messages call tags that are neither kept nor about the layout.
WORDS = {
    285: "page names",
    286: "page positions",
    287: "page positions",
    291: "a grey response curve",
    301: "a transfer function",
    318: "primaries",
    319: "primaries",
    321: "halftone hints",
    333: "ink names",
    337: "a target printer",
    32932: "annotations",
    33628: "MetaMorph's tags",
    33629: "MetaMorph's tags",
    33630: "MetaMorph's tags",
    33631: "MetaMorph's tags",
    34377: "Photoshop's resources",
    37724: "Photoshop's layers",
    37500: "a maker's note",
    50838: "ImageJ's labels, overlays and colour tables",
    50839: "ImageJ's labels, overlays and colour tables",
    65000: "private tags",
}


class Compression(IntEnum):
    """Compressions that are read."""

    NONE = 1
    FAX_RUNS = 2
    FAX_3 = 3
    FAX_4 = 4
    LZW = 5
    OLD_JPEG = 6
    JPEG = 7
    DEFLATE = 8
    PACKBITS = 32773
    OLD_DEFLATE = 32946
    JPEG_2000_RGB = 33005
    JPEG_2000 = 34712
    LERC = 34887
    LZMA = 34925
    OLD_ZSTD = 34926
    OLD_WEBP = 34927
    PNG = 34933
    ZSTD = 50000
    WEBP = 50001


FAX = (Compression.FAX_RUNS, Compression.FAX_3, Compression.FAX_4)
JPEG = (Compression.OLD_JPEG, Compression.JPEG)
# Compressions that code images, not bytes.
IMAGES = (
    *JPEG,
    *(Compression.JPEG_2000_RGB, Compression.JPEG_2000, Compression.LERC, Compression.PNG),
    *(Compression.OLD_WEBP, Compression.WEBP),
)


class Photometric(IntEnum):
    """Colour models that are read, and masks, which are not."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    MASK = 4
    CMYK = 5
    YCBCR = 6
    CIE_LAB = 8
    ICC_LAB = 9


# Colour models and compressions of cameras, by which raw photos are recognized.
RAW_MODELS = frozenset({32803, 34892})
RAW_COMPRESSIONS = frozenset({32767, 32769, 32770, 34713, 65000, 65535})

"""The media: how files become blocks, and blocks files.

It must not know kernels or layers, and importing this package imports nothing heavy.

    registry    a value per medium: names, defaults, options, help; its backend is imported lazily
    contract    what a backend must offer: Source, Part, Encoding, Encoder
    policies    what all media say and do alike: empty, truncated and non-finite inputs
    mistaken    files that are given to the command of another medium
    inputs      open inputs: a regular file, or standard input
    grid        several tiles as one image
    callbacks   keep errors and signals out of foreign libraries' callbacks; `ffmpeg`: demuxers
    image · audio · video     the backends, one file per format family
"""

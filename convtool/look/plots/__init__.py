"""Draw what a layer did, and kernels, as figures: PNG, SVG or PDF, by matplotlib.

    `style`     colours, sizes and texts that all figures share
    `page`      places panels below and beside each other
    `colours`   scales of numbers, and colour bars
    `kept`      what all figures of a run take from its views
    `tiles`     what is shown of an input and of a result, in which colours
    `raster`    panels of pictures
    `spectra`, `tracks`  spectrograms and channels of audio
    `image`, `audio`, `video`, `kernel`  the figures
    `fitted`    the figure of a fitted kernel
    `figures`   choose the figure of a run
    `suffixes`, `files`  what figures are written as, and write them

matplotlib is imported with these modules, and they where something is drawn: never at start-up.
They must not choose what is kept of a run: `views` does.
"""

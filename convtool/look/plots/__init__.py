"""Draw what a layer did, and kernels, as figures: PNG, SVG or PDF, by matplotlib.

    `style`     colours, sizes and texts that all figures share
    `page`      places panels below and beside each other
    `tiles`     what is shown of an input and of a result, in which colours
    `raster`    panels of samples: pictures, heat maps, numbers in cells
    `image`, `audio`, `video`, `kernel`  the figures
    `files`     write a figure

matplotlib is imported with these modules, and they where something is drawn: never at start-up.
They must not choose what is kept of a run: `views` does.
"""

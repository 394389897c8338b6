"""Look at what a layer did: keep what a run reads and makes, work it out, draw it.

    `region`   the box of padded input that a box of a result depends on
    `keepers`  keep a part's samples while its blocks pass: exact, or reduced
    `views`    what is kept of each medium, to be drawn
    `times`    when the frames of a video are shown
    `witness`  what is kept of a run; `described`: of a part whose samples are let go
    `element`  one element of a result worked out; `steps`: its formulas in words
    `equality` = or ≈ between numbers as they are printed
    `explain`  run the filter for one element; `record`: what was found, as JSON
    `typed`    numbers that are typed instead of a file
    `shape`    the shapes of a layer that is made
    `sheet`    what every kernel does to one image
    `plots`    figures: PNG, SVG, PDF
    `notebook` `convtool.show`, a page or a figure in a notebook
    `terminal` pictures, waveforms, heat maps and responses in a terminal
    `animation` the window of a layer sliding over its input: SVG, GIF, MP4

It must not filter by itself what `run` filters: what is shown is what was done.
"""

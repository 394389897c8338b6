"""Show arrays in a terminal: pictures, waveforms, heat maps, responses.

Each function takes a rich `Console` and prints on it; what has escape sequences or colours is for
terminals alone, and text of the same meaning takes its place elsewhere.

probe      asks the terminal what it can show; device: the terminal that is asked
graphics   an image as the bytes of the kitty protocol or of sixel
picture    an image, by graphics, half blocks or shades
waveform   samples over seconds, by their envelope
heat_map   weights about zero, with their numbers
response   what a kernel does to frequencies: dB over hertz, the 2-D magnitude
kernels    all of a kernel or a bank
preview    a part of an input and its result
"""

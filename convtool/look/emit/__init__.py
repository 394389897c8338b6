"""`--emit`: the same run for another program, from the header of the input alone.

programs   the list of programs
given      what is told of a run, and what none of them can do
taps       the kernel of a run for programs that have one for all channels
vips · imagemagick · ffmpeg · sox     one program each: lines for a shell
script     a program in Python, in PyTorch or ONNX; files: what it reads and writes; mapping
"""

"""From the text of `-k` to weights. It knows no PyTorch: weights are NumPy arrays in float64.

resolve    the door: text → Bank, dimensions, files
spec       parse a text, once, into a KernelSpec; the list of loaders
loader     the contract of loaders
impulse · equalizer · file · preset · grid     one loader each; response shapes, points reads
formats    files of other programs: a loader for them all, and how they are written
networks   layers of trained networks: a loader, and what each kind of network tells
contents   a kernel file's content → Bank
schema     the format of kernel files; problems tells what is wrong with one
safe_yaml  reads them, and files of options; catalogue finds them
generators parametric kernels, by the functions that kernel files name
kernel     Kernel and Bank, which layers take; heat and table draw them for notebooks
grammar    parameters and numbers; bounds: every limit; frequency: the magnitude response
"""

"""The formats of kernels, one module each, which state their direction and their scaling.

table      the list of formats: the one place that knows them
loader     `-k` for files of these formats
found      what is read and written, and what a format cannot hold; text: rows of numbers
yaml_file · json_text · vips · imagej · magick · npy · tensor_files · wav     one format each
tensors    tensors by name, from safetensors and PyTorch files
"""

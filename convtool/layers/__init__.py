"""Kernels + options → one `nn.Conv1d/2d/3d`, and what its channels mean. It runs no layer."""

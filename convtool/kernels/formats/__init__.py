"""The formats of kernel files: one module each.

tensors    read tensors by name from safetensors and PyTorch files
"""

"""Layers of trained networks: `model.pt:features.0`, `resnet18:conv1`, `net.onnx:Conv_0`.

loader     claims the texts, and makes kernels of layers
network    the contract: what a network tells of its layers
names      what texts look like, without a look at any file
state      files of weights: safetensors, PyTorch
zoo        the networks of torchvision, with weights that are here already
onnx_file  ONNX, with the extra of that name
prefix     the first layers of a network as steps of a chain

Nothing is downloaded, and nothing that a file holds is run.
"""

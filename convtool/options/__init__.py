"""Every option, declared once. It must not import torch; whether an option fits an input is the layer's business."""

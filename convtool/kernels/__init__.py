"""What `-k` says → weights. It knows no media and no PyTorch: weights are NumPy arrays in float64."""

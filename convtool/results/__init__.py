"""Raw responses → stored samples: fold, normalize, quantize."""

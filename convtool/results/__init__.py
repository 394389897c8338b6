"""Raw responses → stored samples, strip by strip while they are in the cache.

The steps of a result are a list that `run.pipeline` puts together and the engine applies to each
strip: `Layer.fold`, a `scaled.Scaled`, a `quantize.Quantizer`.
"""

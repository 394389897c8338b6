"""Files in the ISO base media format: what AVIF and HEIC say of their images, and more of it.

Pixels are coded and decoded elsewhere.

Sources: ISO/IEC 14496-12, ISO/IEC 23008-12 (HEIF), AV1 Image File Format 1.1
"""

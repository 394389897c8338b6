"""The audio tracks that FFmpeg reads."""

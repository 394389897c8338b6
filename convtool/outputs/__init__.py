"""Where results go: jobs, targets, atomic writes, the manifest. No media file is opened here."""

"""Paid jobs at hosted services: sent once, on disk, resumable."""

"""Qwen-Image-Layered on this machine. Importing this package imports nothing heavy.

Only modules below here import torch, diffusers and transformers, and only while a job runs. The
modules that decide (``machine``, ``facts``, ``estimate``, ``plans``) are numbers in, numbers out.
"""

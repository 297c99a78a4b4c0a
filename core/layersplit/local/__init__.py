"""Qwen-Image-Layered with diffusers on this machine."""

"""Arithmetic on pixels that several parts need: compositing, reduction, smooth fill, colour."""

"""Layersplit: split one flat picture into RGBA layers that add up to it again.

This file imports nothing: it is also copied into the hosts, whose Python has no numpy.
"""

__version__ = "0.1.0"

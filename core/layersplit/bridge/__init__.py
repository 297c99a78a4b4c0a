"""What the worker process and the hosts share. Standard library only, Python 3.9 and newer.

Inside a host only this package and ``layersplit/__init__.py`` exist (vendored by install.py).
"""

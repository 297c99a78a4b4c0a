"""Layersplit inside GIMP 3: a procedure that hands the picture to the worker, and its layers back.

GIMP starts a process of its own for every call, and one at every start of GIMP when a plug-in is
new. So this package is empty, and plugin.py imports the rest only when a call needs it.
"""

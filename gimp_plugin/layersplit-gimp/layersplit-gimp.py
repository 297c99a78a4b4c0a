#!/usr/bin/env python3
"""GIMP starts this file. Its hyphen keeps it from ever being imported in place of a package."""

import sys
from pathlib import Path

# Appended, never inserted: nothing of ours may shadow a module of GIMP's Python.
sys.path.append(str(Path(__file__).parent / "layersplit_gimp" / "_vendor"))

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - the version comes first

from layersplit_gimp.plugin import LayersplitPlugIn  # noqa: E402 - the path comes first

Gimp.main(LayersplitPlugIn.__gtype__, sys.argv)

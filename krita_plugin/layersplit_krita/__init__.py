"""Layersplit inside Krita: an action that hands the picture to the worker, and its layers back.

Krita imports this at every start, so it does next to nothing: everything else is imported when an
action is used for the first time. No worker runs before that.
"""

import sys
from pathlib import Path

# Appended, never inserted: all plug-ins share one search path, and none may shadow another's names.
sys.path.append(str(Path(__file__).parent / "_vendor"))

from krita import Krita

from layersplit_krita.extension import LayersplitExtension

Krita.instance().addExtension(LayersplitExtension(Krita.instance()))

"""Layer stacks into files: OpenRaster, PSD and PSB, a ZIP or a folder of PNGs; raw files for hosts.

The values of 8- and 16-bit layers are written unchanged, and so is the profile. Floating point
documents become 16-bit files, because none of the formats holds floats for every program; the
report then says so. A file appears under its name when it is complete, or not at all.
"""

from layersplit.export.target import check_target
from layersplit.export.write import write

__all__ = ["check_target", "write"]

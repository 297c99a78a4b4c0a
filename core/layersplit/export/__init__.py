"""Layer stacks into files: OpenRaster, PSD, ZIP, folder."""

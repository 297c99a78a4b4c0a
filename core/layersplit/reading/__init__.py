"""Files and raw host pixels into a Picture."""

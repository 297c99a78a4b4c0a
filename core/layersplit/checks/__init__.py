"""Is the answer sane? Order, full picture, blanks, copies, names."""

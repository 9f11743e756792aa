"""Work on single files with PyAV (probe, index, decode, copy, encode, draw, measure), imported only here."""

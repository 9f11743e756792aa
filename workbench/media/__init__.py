"""Work on single files with PyAV: probe, index, decode, copy, encode, draw, measure. PyAV is imported nowhere else."""

"""Benches: ratios against peers, measured side by side in one run, and the long runs of the figures."""

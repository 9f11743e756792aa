"""The evidence report: its words and numbers, and its PDF."""

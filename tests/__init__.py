"""The test suite, and the truth clips, readers and judges that its figures share."""

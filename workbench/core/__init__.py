"""Pure nouns and rules: values in, values or a named error out. Standard library only."""

"""Where footage lives: one protocol, a folder of recordings and a VMS that both answer to it."""

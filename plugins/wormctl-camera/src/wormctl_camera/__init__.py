"""Light as the worm feels it, from a camera: brightness, and where it comes from."""

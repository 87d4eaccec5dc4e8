"""What wormctl-camera offers."""

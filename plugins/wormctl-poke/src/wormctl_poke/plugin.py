"""What wormctl-poke offers."""

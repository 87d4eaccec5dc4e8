"""What wormctl-bus-servo offers."""

"""What wormctl-i2c offers."""

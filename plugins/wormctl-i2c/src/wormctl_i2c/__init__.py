"""Sensors on an I2C bus for wormctl: tilt and bumps, distance, smell."""

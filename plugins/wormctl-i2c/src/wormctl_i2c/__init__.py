"""Sensors on an I2C bus for wormctl: bend and tilt, distance, gas."""

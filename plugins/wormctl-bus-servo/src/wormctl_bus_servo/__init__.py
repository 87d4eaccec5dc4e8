"""A snake of bus servos for wormctl: Feetech STS3215 and Dynamixel X."""

"""Measurements of this machine; nothing the robot runs. One module per `wormctl bench NAME`."""

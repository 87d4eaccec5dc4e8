"""Simulated bodies and worlds for wormctl. PyBullet is imported only by the body that needs it."""

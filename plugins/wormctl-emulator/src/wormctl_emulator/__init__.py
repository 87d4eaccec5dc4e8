"""The snake robot without a robot: the firmware that is flashed, run on an emulated microcontroller.

It links to libsimavr (GPL-3) when it is built, on the machine where it runs: a tool for tests and for people without
hardware, never a part of the robot.
"""

"""The physical snake, over a serial line: messages, link, body plugin, and the commands for a person at the robot."""

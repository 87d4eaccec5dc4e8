"""A person pokes the worm while it runs: gamepad or keyboard."""

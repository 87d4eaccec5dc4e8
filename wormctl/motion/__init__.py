"""What a recorded life shows of movement: pure functions of arrays. No files, no devices, no judgement of it."""

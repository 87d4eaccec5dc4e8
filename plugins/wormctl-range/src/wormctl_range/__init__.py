"""A laser distance sensor for wormctl."""

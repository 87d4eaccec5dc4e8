"""Behaviour, measured: an assay puts the worm in a world many times, a judge says what it did in each life."""

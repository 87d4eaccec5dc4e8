"""The worm's responses to one stimulated neuron beside those measured in the animal; nothing here prints.

The measurement is the signal-propagation atlas of Randi et al. 2023 (Neural signal propagation atlas of
*Caenorhabditis elegans*, Nature 623, 406-414). It does not come with wormctl: the user brings the file.
"""

"""The whole worm as a controller: receptors, stretch, the 302-neuron circuit, muscles.

Values live in a policy file; how they were found is not this package's affair.
"""

"""The neural runtime: compiled kernels, the wrappers that validate for them, wirings and imports.

Kernels fill the caller's arrays and allocate nothing; what a neuron means is no business of this package.
"""

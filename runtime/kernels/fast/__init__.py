"""Kernels of the tier `fast`: compiled by Numba, with SciPy's BLAS inside.

A function with the name and arguments of one in `runtime/kernels` takes its place (`compiler/graph/tiers.py` lists
them); the others have forms of their own. All of them let go of the interpreter, so that two threads work at once.
"""

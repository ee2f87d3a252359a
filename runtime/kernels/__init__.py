"""Kernels: pure functions on arrays, which programs call or contain."""

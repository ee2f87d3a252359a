"""`python -m netc`."""

from .start import main

main()

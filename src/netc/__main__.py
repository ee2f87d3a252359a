"""`python -m netc`."""

from .compiler.cli.main import main

main()

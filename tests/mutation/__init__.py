"""The tests are tested: small faults are put into a copy of the package, and the tests of their module must go red.

`python -m tests.mutation --seed 0 --count 300` judges 300 of them and writes docs/soak/mutants.md.
"""

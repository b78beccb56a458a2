"""The generator's compiled kernels: numbers by address, curves, reports, courses.

Here: plain functions of numbers and arrays, compiled once and kept between runs. Not here: what is
asked of them and in which arrays the answers go (`simulate/batch.py`). Equation numbers are those
of docs/simulation.md.
"""

"""Synthetic pain clinics, and the studies that ask them questions.

Here: worlds as data, the people in them, what they report, the files a clinic would export, and
decision rules compared against the truth that only a simulation knows. Not here: reading
deliveries, estimating anything from them, or drawing. Import the concrete modules; this package
has no import-time effects.
"""

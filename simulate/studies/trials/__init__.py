"""Studies of trials: what a trial of a given design and size would find, its truth being known.

Here: the designs, their conduct in simulated worlds, their analyses, performance, sample size. Not
here: the worlds (`simulate/scenarios`) and the statistics (`classical`).
"""

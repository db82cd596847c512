"""Pellucid side by side with other libraries: `python -m benchmarks --help`, or `make bench`.

workloads.py   what is trained: W1 to W6, and fully connected networks of any sizes
problem.py     the examples and initial weights, the same for every library
libraries/     each library as its users would write it, one file a library
worker.py      one process: one library, one job
turns.py       the workers of a job measured in turn
figures.py     medians, ratios within a round
results.py     results.json;  report.py, plots.py: what is made of it
"""

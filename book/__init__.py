"""The chapters' programs run, told and shown: `python -m book --help`, or `make book`.

record.py      one run of a program, kept: what it printed and drew, and by which line
worker.py      the process in which it runs
gathered.py    a program's runs together: its numbers over the seeds, what was not met, what failed
figures.py     numbers as text: as many digits as the book has, means and spreads
results.py     RESULTS.md
contents.py    the chapters
source.py      a program's source as prose and code
pages.py       its page, in Markdown
site.py        the pages as a site, by Sphinx: conf.py, style/, and index.md, the first page
links.py       whether all links of the site lead somewhere
"""

"""The programs of M. Nielsen, "Neural Networks and Deep Learning", 2015, chapters 1 to 3, under the book's names.

>>> from pellucid.book.nielsen import network
>>> net = network.Network([784, 30, 10])
"""

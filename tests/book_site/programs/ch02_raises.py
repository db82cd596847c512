"""A program that does not come to its end."""

from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    page.beside("before", 1, 1, within=0)
    raise ValueError("there is | no way on")

"""A program that is broken off by Ctrl-C."""

import os
import signal

from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()

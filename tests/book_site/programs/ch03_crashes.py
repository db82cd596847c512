"""A program that takes its process with it."""

import os
import signal

from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    os.kill(os.getpid(), signal.SIGKILL)

"""The books' networks, a file each."""

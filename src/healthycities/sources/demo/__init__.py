"""A schematic England with SYNTHETIC values, in the file names and layouts of the publishers.

`names` says which files there are and imports nothing; `files` writes them.
"""

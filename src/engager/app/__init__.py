"""The doors of one hall: every job as a Python call, and the command line that calls it.

A name or a file comes in; data (``jobs``, ``simulate``) or text on the terminal (``cli``) goes out. Nothing
is imported here: the command line answers ``--help`` before anything heavy is loaded.
"""

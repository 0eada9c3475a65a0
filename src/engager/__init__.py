"""engager: virtual trials of T-cell-engager therapy in B-cell acute lymphoblastic leukaemia.

Nothing heavy is imported here. The jobs a user can start live in :mod:`engager.app.jobs`;
each room of the package says in its own ``__init__`` what comes in and what goes out.
"""

__version__ = "0.1.0"

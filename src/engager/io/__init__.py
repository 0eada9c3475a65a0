"""The only room that touches users' files: run folders, written so that nothing is ever half there."""

from engager.io.place import place
from engager.io.store import MANIFEST, Store, write_json, write_text

__all__ = ["MANIFEST", "Store", "place", "write_json", "write_text"]

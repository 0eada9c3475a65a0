"""The only room that touches users' files: run folders, written so that nothing is ever half there."""

from engager.io.store import MANIFEST, Store, unwritable, write_json, write_text

__all__ = ["MANIFEST", "Store", "unwritable", "write_json", "write_text"]

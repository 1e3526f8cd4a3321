"""Where inputs, outputs and their records lie: on this machine, or at addresses that fsspec knows."""

from fastloss.files.stores.arrow import ArrowStore
from fastloss.files.stores.entries import Entry
from fastloss.files.stores.local import LOCAL, LocalStore, insist, shown, writing
from fastloss.files.stores.remote import RemoteStore

Store = LocalStore | RemoteStore | ArrowStore

__all__ = ["LOCAL", "ArrowStore", "Entry", "LocalStore", "RemoteStore", "Store", "insist", "shown", "writing"]

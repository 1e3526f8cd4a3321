"""Where inputs, outputs and their records lie: on this machine, or at addresses that fsspec knows."""

from fastloss.files.stores.arrow import ArrowStore
from fastloss.files.stores.entries import Entry
from fastloss.files.stores.local import (
    LOCAL,
    Complete,
    LocalStore,
    insist,
    shown,
    sync_together,
    syncs_together,
    writing,
)
from fastloss.files.stores.remote import RemoteStore

Store = LocalStore | RemoteStore | ArrowStore

__all__ = [
    "LOCAL",
    "ArrowStore",
    "Complete",
    "Entry",
    "LocalStore",
    "RemoteStore",
    "Store",
    "insist",
    "shown",
    "sync_together",
    "syncs_together",
    "writing",
]

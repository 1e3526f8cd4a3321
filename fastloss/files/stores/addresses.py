"""What users give as a path or an address, as a store and a path in it.

Nothing is remembered from one call to the next: each makes its file systems anew, which keep no listings.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping

from fastloss.core.arguments import shown
from fastloss.core.installing import install_library
from fastloss.files.errors import ScoringError, one_line
from fastloss.files.stores.arrow import ArrowStore
from fastloss.files.stores.local import LOCAL, LocalStore
from fastloss.files.stores.remote import KINDS, OBJECT_STORES, RemoteStore, bounded

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_CHAIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::")  # fsspec's, as simplecache::s3://bucket/key
_VERSION = re.compile(r"\?versionId=[^/?]*$")
_UNLISTED = {*OBJECT_STORES, "http", "https"}  # which take the option to keep no listings
# A dead server is known to be so in seconds; fsspec's library tries again on its own.
_S3_RETRIES = {"retries": {"mode": "standard", "max_attempts": 3}}


def is_address(given: str) -> bool:
    """Whether a text is an address, and no path of this machine."""
    return _ADDRESS.match(given) is not None or (_CHAIN.match(given) is not None and "://" in given)


class Addresses:
    """The stores of one call.

    Parameters
    ----------
    options : mapping, optional
        Keywords of fsspec's file systems: of all of them, or by the names of protocols.
    """

    def __init__(self, options: Mapping | None = None):
        self._options, self._call = dict(options or {}), secrets.token_hex(8)
        self._made: dict[tuple, object] = {}
        self._is_used = False

    def at(self, given: str) -> tuple[LocalStore | RemoteStore, str]:
        """The store of a path or an address, and the path there as messages name it.

        Raises
        ------
        ScoringError
            If it is an address of an unknown kind, or of one whose library is missing, or the options do not suit.
        ImportError
            If there is no fsspec.
        """
        if not is_address(given):
            return LOCAL, given
        self._is_used = True
        try:
            import fsspec  # noqa: F401
        except ImportError as error:
            raise ImportError(f"{given}: addresses need fsspec: {install_library('fsspec')}") from error
        bare, query = _parts(given)
        try:
            filesystem, inner = self._opened(given)
        except (ValueError, ImportError) as error:  # an unknown protocol, or a library that is not there
            raise ScoringError(f"{bare}: {one_line(error)}") from error
        except (TypeError, AttributeError) as error:
            named = f" with storage_options {', '.join(map(shown, self._options))}" if self._options else ""
            raise ScoringError(f"{bare}: cannot be reached{named}: {one_line(error)}") from error
        except Exception as error:
            raise ScoringError(f"{bare}: cannot be reached: {one_line(error)}") from error
        if "file" in filesystem.protocol:
            return LOCAL, inner
        address, inside = _beginnings(bare, inner.removesuffix(query).rstrip("/"))  # which some leave
        return RemoteStore(filesystem, self._call, address, inside, query), bare

    def of_output(self, given: str | None) -> tuple[LocalStore | RemoteStore, str | None]:
        """As `at`, for an output: its bucket is there, and a slash at the end says that it is a directory.

        Raises
        ------
        OSError
            If the store cannot be reached, or has no such bucket, which is never made.
        """
        if given is None:
            return LOCAL, None
        store, path = self.at(given)
        if store is not LOCAL:
            store.check(path)
        if is_address(given) and given.endswith("/"):
            path = path.rstrip("/") + "/"
        return store, path

    def check_options(self) -> None:
        """That there was an address for the options.

        Raises
        ------
        ScoringError
            If there was none.
        """
        if self._options and not self._is_used:
            raise ScoringError("storage_options are for addresses, as s3://bucket/key, and there is none")

    def _opened(self, given: str) -> tuple:
        """The file system of an address, the same for all in one place, and the path in it."""
        from fsspec.core import get_filesystem_class, url_to_fs

        match = _ADDRESS.match(given)
        if match is None:
            return url_to_fs(given, skip_instance_cache=True, **self._options)
        protocol = match[1].lower()
        given = protocol + given[match.end(1) :]
        made = get_filesystem_class(protocol)
        own = self._own(protocol)
        of_address = made._get_kwargs_from_urls(given)
        key = protocol, repr(of_address)
        if key not in self._made:
            options = {**of_address, **_quick(protocol, own)}
            self._made[key] = bounded(made(skip_instance_cache=True, **options))
        return self._made[key], made._strip_protocol(given)

    def _own(self, protocol: str) -> dict:
        """The options of a protocol."""
        own = self._options.get(protocol)
        if isinstance(own, Mapping):
            return dict(own)
        return {name: value for name, value in self._options.items() if not _is_protocol(name, value)}


def store_of_arrow(filesystem) -> tuple[LocalStore | RemoteStore | ArrowStore, Callable[[str], str]]:
    """The store of a pyarrow file system, and a function that makes a path in this one of the store."""
    import pyarrow.fs

    if isinstance(filesystem, pyarrow.fs.LocalFileSystem):
        return LOCAL, str
    if isinstance(filesystem, pyarrow.fs.SubTreeFileSystem):
        store, named = store_of_arrow(filesystem.base_fs)
        return store, lambda path: named(filesystem.base_path + path)
    if not isinstance(getattr(filesystem, "handler", None), pyarrow.fs.FSSpecHandler):
        store = ArrowStore(filesystem)
        return store, lambda path: store.address + path
    inside = filesystem.handler.fs
    if "file" in inside.protocol:
        return LOCAL, str
    inside.invalidate_cache()
    protocol = inside.protocol if isinstance(inside.protocol, str) else inside.protocol[0]
    address = f"{protocol}://"
    return RemoteStore(inside, secrets.token_hex(8), address), lambda path: address + path


def _is_protocol(name: str, value) -> bool:
    from fsspec import available_protocols

    return isinstance(value, Mapping) and name in available_protocols()


def _quick(protocol: str, options: dict) -> dict:
    """Options with those that we add: no memory of listings, and no endless attempts."""
    kind = KINDS.get(protocol, protocol)
    if kind in _UNLISTED:
        options = {"use_listings_cache": False} | options
    if kind == "s3":
        options["config_kwargs"] = _S3_RETRIES | dict(options.get("config_kwargs") or {})
    return options


def _parts(given: str) -> tuple[str, str]:
    """An address without what is no part of its path: the query of a URL, the version of an object."""
    if given.lower().startswith(("http://", "https://")):
        bare, mark, query = given.partition("?")
        return bare, mark + query
    match = _VERSION.search(given)
    return (given[: match.start()], match[0]) if match else (given, "")


def _beginnings(address: str, inner: str) -> tuple[str, str]:
    """Where an address and the path in a file system differ: what each begins with before their common end."""
    address = address.rstrip("/") if inner else address
    common = 0
    while common < min(len(address), len(inner)) and address[-common - 1] == inner[-common - 1]:
        common += 1
    return address[: len(address) - common], inner[: len(inner) - common]

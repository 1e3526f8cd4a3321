"""The first that an import runs: a checkout that was not built says so."""

from fastloss.core.installing import check_built

check_built()

"""Names that do not exist: looked for in search domains, or gone."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

__all__ = ["Vain", "in_vain"]

_LABELS = 20  # of a name that are looked at
_USUAL = re.compile(
    r"(?:^|\.)(?:in-addr|ip6)\.arpa$"  # who has this address: most have no name
    r"|^(?:\d{1,3}\.){4}"  # lists of bad mail servers: not to be listed is good
    r"|^(?:wpad|isatap)(?:\.|$)|^_",  # discovery
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Vain:
    """Questions that were answered with NXDOMAIN.

    Attributes
    ----------
    names : Series of str
        The name that was meant (without the search domain), by the exchange's number. Reverse
        lookups, blocklists and discovery are left out: there NXDOMAIN is a good answer.
    searched : Series of str
        The search domain behind a name that exists, by the exchange's number.
    """

    names: pd.Series
    searched: pd.Series


def in_vain(asked: pd.DataFrame) -> Vain:
    """Sort the questions that were answered with NXDOMAIN.

    Parameters
    ----------
    asked : DataFrame
        Rows of ``frames["dns"]``.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "client_ip": "10.0.0.1", "query": ["api.example.cluster.local", "api.example", "gone"],
    ...     "rcode": ["NXDOMAIN", "NOERROR", "NXDOMAIN"]})
    >>> vain = in_vain(frame)
    >>> vain.names.to_dict(), vain.searched.to_dict()
    ({2: 'gone'}, {0: 'cluster.local'})
    """
    clients, queries = asked["client_ip"].astype(str), asked["query"].astype(str).str.lower()
    codes = asked["rcode"].astype(str)
    missing = codes == "NXDOMAIN"
    found = set(zip(clients[codes == "NOERROR"], queries[codes == "NOERROR"], strict=True))
    lost = set(zip(clients[missing], queries[missing], strict=True))
    means = {pair: _meant(*pair, found, lost) for pair in lost}
    names, searched = {}, {}
    for exchange, pair in zip(
        asked.index[missing], zip(clients[missing], queries[missing], strict=True), strict=True
    ):
        name, domain = means[pair]
        if domain and (pair[0], name) in found:
            searched[exchange] = domain
        elif not _USUAL.search(name):
            names[exchange] = name
    return Vain(pd.Series(names, dtype="str"), pd.Series(searched, dtype="str"))


def _meant(
    client: str, query: str, found: set[tuple[str, str]], lost: set[tuple[str, str]]
) -> tuple[str, str]:
    """Return the name that was looked for, and the search domain that stands behind it."""
    labels = query.split(".")[:_LABELS]
    # A resolver goes through its list of domains; the next ones are often shorter.
    for begin in range(len(labels) - 1, 0, -1):
        for stop in range(len(labels), begin, -1):
            name = ".".join(labels[:begin] + labels[stop:])
            if (client, name) in found:
                return name, ".".join(labels[begin:])
    for begin in range(len(labels) - 1, 0, -1):
        name = ".".join(labels[:begin])
        if (client, name) in lost:
            return name, ".".join(labels[begin:])
    return query, ""

"""Requests that a proxy passes on: the same request on two hops of one capture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

__all__ = ["hops", "moments"]

_MOST = 10
"""Services that are looked at as fronts."""
_PASSED_ON = 0.5
"""Of a proxy's requests; of other services fewer have the name of another request by chance."""
_COLUMNS = ["exchange", "request_ts", "method", "uri"]
_KEPT = [
    "request_ts", "stream", "client_ip", "server_ip", "server_port", "method", "uri", "status",
    "ttfb_ns", "total_ns", "request_frame", "response_frame", "last_frame",
]  # fmt: skip


def hops(http: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Give the requests to each service that is a proxy, beside those it made for them.

    A request was passed on when one of the same method and path goes to another service and is
    answered before. Of equal requests at the same time the latest counts.

    Parameters
    ----------
    http : DataFrame
        ``frames["http"]``.

    Yields
    ------
    front, back : DataFrame
        Rows of ``frames["http"]``, pair by pair. Requests of the front that were not passed on
        are left out.
    """
    asked = http.loc[http["method"].astype(str) != "", _KEPT]
    service = asked["server_ip"].astype(str) + " " + asked["server_port"].astype(str)
    if service.nunique() < 2:
        return
    plain = asked.assign(
        exchange=asked.index, method=asked["method"].astype(str), uri=asked["uri"].astype(str)
    )[_COLUMNS].sort_values("request_ts", kind="stable")
    # The services whose answers take longest are looked at first.
    spent = asked["total_ns"].clip(lower=0).groupby(service).sum().sort_values(ascending=False)
    for front in spent.index[:_MOST]:
        mine = service[plain.index] == front
        found = pd.merge_asof(
            plain[~mine], plain[mine], on="request_ts", by=["method", "uri"], suffixes=("_back", "")
        ).dropna(subset=["exchange"])
        numbers = found["exchange"].astype("int64").to_numpy()
        first, behind = asked.loc[numbers], asked.loc[found["exchange_back"].to_numpy()]
        # Who passes a request on has the answer first.
        answered = [moments(one) + one["ttfb_ns"].to_numpy() for one in (behind, first)]
        inside = answered[0] <= answered[1]
        for one in (behind, first):
            inside &= one["ttfb_ns"].to_numpy() >= 0
        if np.count_nonzero(inside) >= _PASSED_ON * np.count_nonzero(mine):
            yield first[inside], behind[inside]


def moments(rows: pd.DataFrame) -> np.ndarray:
    """Return when requests began, ns since 1970."""
    return rows["request_ts"].to_numpy("datetime64[ns]").astype(np.int64)

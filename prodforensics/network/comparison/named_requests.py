"""What was asked for by name: requests of HTTP in clear, sessions of TLS, queries of DNS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.network.comparison.measured import Measured

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["NamedRequests", "named_requests", "route"]

Key = tuple[str, str, str]

# A segment of a path that names one thing of many: a number, a UUID, a long hex or base64 id.
_ONE_OF_MANY = re.compile(
    r"\d[\d.,_-]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|"
    r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w=-]{20,}",
    re.IGNORECASE,
)
_MOST_SEGMENTS = 12


@dataclass(frozen=True)
class NamedRequests:
    """The requests of a capture.

    Attributes
    ----------
    keys : list of (str, str, str)
        Layer, host and route of each group.
    group : int64[k]
        Group of each request, a place in `keys`.
    answer_ns : int64[k]
        Time until the answer; -1 for none.
    error, refusal : bool[k]
    """

    keys: list[Key]
    group: np.ndarray
    answer_ns: np.ndarray
    error: np.ndarray
    refusal: np.ndarray

    def grouped(self, group: np.ndarray, groups: int) -> Measured:
        """Sum up the requests under other numbers of their groups.

        Parameters
        ----------
        group : int64[k]
        groups : int
        """
        whole = np.bincount(group, minlength=groups)
        told = self.answer_ns >= 0
        return Measured(
            {"requests": whole},
            {"answer": (group[told], self.answer_ns[told])},
            {
                "error": (np.bincount(group[self.error], minlength=groups), whole),
                "refusal": (np.bincount(group[self.refusal], minlength=groups), whole),
            },
        )


def route(path: str) -> str:
    """Return a path of HTTP without its query, with numbers and ids as ``{id}``.

    Examples
    --------
    >>> route("/orders/17/items?token=secret"), route("/v2/health")
    ('/orders/{id}/items', '/v2/health')
    """
    segments = path.partition("?")[0].partition("#")[0].split("/")
    shown = ["{id}" if _ONE_OF_MANY.fullmatch(one) else one for one in segments[:_MOST_SEGMENTS]]
    return "/".join(shown + ["…"] * (len(segments) > _MOST_SEGMENTS))


def named_requests(capture: Capture) -> NamedRequests:
    """Collect the requests of all layers that the capture has a frame of."""
    parts = [
        _grouped(layer, *read(capture.frames[layer]))
        for layer, read in _LAYERS.items()
        if layer in capture.frames
    ]
    if not parts:
        none = np.zeros(0, np.int64)
        return NamedRequests([], none, none, none.astype(np.bool_), none.astype(np.bool_))
    keys: list[Key] = []
    groups = []
    for part in parts:
        groups.append(part.group + len(keys))
        keys += part.keys
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("answer_ns", "error", "refusal")
    ]
    return NamedRequests(keys, np.concatenate(groups), *columns)


_Column = np.ndarray | pd.Series


def _grouped(
    layer: str, host: pd.Series, path: pd.Series | None, answer: _Column, *failed: _Column
) -> NamedRequests:
    place, hosts = pd.factorize(host.astype("str").fillna(""))
    routes = np.array([""], object)
    way = np.zeros(len(place), np.int64)
    if path is not None:
        code, paths = pd.factorize(path.astype("str").fillna(""))
        known: dict[str, int] = {}
        way = np.array([known.setdefault(route(one), len(known)) for one in paths], np.int64)[code]
        routes = np.array(list(known), object)
    both, group = np.unique(place * max(len(routes), 1) + way, return_inverse=True)
    pairs = [divmod(one, max(len(routes), 1)) for one in both.tolist()]
    keys = [(layer, str(hosts[one]), str(routes[other])) for one, other in pairs]
    error, refusal = (np.asarray(one, np.bool_) for one in failed)
    return NamedRequests(keys, group, np.asarray(answer, np.int64), error, refusal)


def _http(frame: pd.DataFrame) -> tuple[_Column, ...]:
    status = frame["status"].to_numpy()
    error = (status >= 500) | (status <= 0)
    return frame["host"], frame["uri"], frame["ttfb_ns"], error, (status >= 400) & (status < 500)


def _tls(frame: pd.DataFrame) -> tuple[_Column, ...]:
    fatal = (frame["alert_level"].astype("str") == "fatal").to_numpy()
    error = fatal | frame["first_app_ts"].isna().to_numpy()
    return frame["sni"], None, frame["handshake_ns"], error, np.zeros(len(frame), np.bool_)


def _dns(frame: pd.DataFrame) -> tuple[_Column, ...]:
    code = frame["rcode"].astype("str")
    refusal = (code == "NXDOMAIN").to_numpy()
    # No code at all: the capture ended before the answer.
    error = frame["timed_out"].to_numpy() | ~code.isin(["NOERROR", "NXDOMAIN", ""]).to_numpy()
    return frame["query"], None, frame["rtt_ns"], error, refusal


_LAYERS: dict[str, Callable[[pd.DataFrame], tuple[_Column, ...]]] = {
    "http": _http,
    "tls": _tls,
    "dns": _dns,
}

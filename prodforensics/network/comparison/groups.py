"""Services, paths and names of two captures under one numbering, with what was measured of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.kernels.grouping import group_rows
from prodforensics.network.comparison import comparison_schemas as schemas
from prodforensics.network.comparison.measured import UDP, Measured, Traffic, traffic
from prodforensics.network.comparison.named_requests import named_requests
from prodforensics.schema import Schema
from prodforensics.statistics import quantiles

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Groups", "paths_and_services", "requests_by_name"]


@dataclass(frozen=True)
class Groups:
    """The groups of two captures, the busiest first.

    Attributes
    ----------
    schema : Schema
        Of their frame.
    keys : mapping of str to column
        What the groups are.
    names : sequence of str
        The same in few words.
    measured : (Measured, Measured)
        Of the base and of the other capture.
    """

    schema: Schema
    keys: Mapping[str, object]
    names: list[str]
    measured: tuple[Measured, Measured]

    def __len__(self) -> int:
        return len(self.names)

    def frame(self) -> pd.DataFrame:
        """Return a row a group."""
        if not len(self):
            return self.schema.empty()
        base, other = self.measured
        first = next(iter(base.sums))
        state = np.where(base.sums[first] == 0, 0, np.where(other.sums[first] == 0, 1, 2))
        columns = dict(self.keys) | {"change": vocabulary(("new", "gone", "both"), state)}
        ends = (("base", base), ("other", other))
        for name in base.sums:
            columns |= {f"{name}_{end}": one.sums[name] for end, one in ends}
        for name in base.times:
            both = [self._quantiles(one, name) for _, one in ends]
            for place, which in enumerate(("median", "p95")):
                columns |= {
                    f"{name}_{which}_ns_{end}": found[place]
                    for (end, _), found in zip(ends, both, strict=True)
                }
        shares = [one.shares | one.parts for _, one in ends]
        for name in shares[0]:
            columns |= {
                f"{name}_percent_{end}": _percent(*found[name])
                for (end, _), found in zip(ends, shares, strict=True)
            }
        index = pd.RangeIndex(len(self), name=self.schema.index.name)
        ordered = {column.name: columns[column.name] for column in self.schema.columns}
        return pd.DataFrame(ordered, index=index)

    def _quantiles(self, one: Measured, name: str) -> np.ndarray:
        group, value = one.times[name]
        return quantiles(value, group, len(self), (0.5, 0.95))


def paths_and_services(base: Capture, other: Capture) -> tuple[Groups, Groups]:
    """Measure what went between each two hosts, and to each service."""
    captures = (base, other)
    streams = [traffic(one) for one in captures]
    octets = np.concatenate([one.packets.addresses.octets for one in captures])
    version = np.concatenate([one.packets.addresses.version for one in captures])
    words = np.ascontiguousarray(octets).view(np.int64)
    joined, first = group_rows(np.column_stack([words, version.astype(np.int64)]))
    texts = [text for one in captures for text in one.packets.addresses.texts()]
    texts = [texts[place] for place in first.tolist()]
    known = len(base.packets.addresses)
    address = [joined[streams[0].address], joined[known + streams[1].address]]

    keys = [
        np.column_stack([one.protocol, ends[:, 1], one.port[:, 1]])
        for one, ends in zip(streams, address, strict=True)
    ]
    found, measured = _grouped(keys, streams)
    protocol, resp, port = found.T
    services = Groups(
        schemas.SERVICES,
        {
            "protocol": vocabulary(("tcp", "udp"), (protocol == UDP).astype(np.int8)),
            "resp_ip": vocabulary(texts, resp),
            "resp_port": port.astype(np.int32),
        },
        [
            f"{_host(texts[one])}:{number}" + ("/udp" if kind == UDP else "")
            for kind, one, number in found.tolist()
        ],
        measured,
    )
    found, measured = _grouped(address, streams)
    paths = Groups(
        schemas.PATHS,
        {"orig_ip": vocabulary(texts, found[:, 0]), "resp_ip": vocabulary(texts, found[:, 1])},
        [f"{texts[one]} → {texts[two]}" for one, two in found.tolist()],
        measured,
    )
    return paths, services


def requests_by_name(base: Capture, other: Capture) -> Groups:
    """Measure what was asked for by name: HTTP in clear, TLS, DNS."""
    both = [named_requests(one) for one in (base, other)]
    numbers: dict[tuple[str, str, str], int] = {}
    for one in both:
        for key in one.keys:
            numbers.setdefault(key, len(numbers))
    own = [np.array([numbers[key] for key in one.keys], np.int64) for one in both]
    count = len(numbers)
    measured = [one.grouped(place[one.group], count) for one, place in zip(both, own, strict=True)]
    busy = sum(one.sums["requests"] for one in measured)
    order = np.argsort(-busy, kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    measured = [
        one.grouped(rank[place[one.group]], count) for one, place in zip(both, own, strict=True)
    ]
    every = list(numbers)
    keys = [every[place] for place in order.tolist()]
    layers, hosts, routes = ([key[part] for key in keys] for part in range(3))
    columns = {
        "layer": vocabulary(layers, np.arange(count)),
        "host": pd.array(hosts, dtype="str"),
        "path": pd.array(routes, dtype="str"),
    }
    names = [
        f"{host}{route}" if layer == "http" else f"{host} ({layer.upper()})"
        for layer, host, route in keys
    ]
    return Groups(schemas.NAMES, columns, names, tuple(measured))


def _grouped(
    keys: list[np.ndarray], streams: list[Traffic]
) -> tuple[np.ndarray, tuple[Measured, Measured]]:
    """Put streams of one key in one group, the busiest first, and sum them up."""
    rows = np.concatenate(keys).astype(np.int64)
    group, first = group_rows(rows)
    found = rows[first]
    packets = np.concatenate([one.counts["packets"] for one in streams])
    order = np.argsort(-np.bincount(group, packets, len(found)), kind="stable")
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(len(found))
    group = rank[group]
    half = len(keys[0])
    parts = (group[:half], group[half:])
    base, other = (one.grouped(part, len(found)) for one, part in zip(streams, parts, strict=True))
    return found[order], (base, other)


def _percent(some: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, 100 * some / whole, np.nan)


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address

"""Two captures of the same traffic: what was lost between them, and how long the way took."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from prodforensics._reference import Later
from prodforensics.categories import vocabulary
from prodforensics.display.tables import human_count, human_ns
from prodforensics.evidence import Evidence
from prodforensics.network.comparison import both_ends_schemas as schemas
from prodforensics.network.comparison.clock import Clock, estimated
from prodforensics.network.comparison.fates import (
    APPEARED,
    LOST,
    OUTSIDE,
    REASONS,
    RESEGMENTED,
    Alone,
    alone,
)
from prodforensics.network.comparison.matching import UDP, Matched, Pairs, matched, paired, times
from prodforensics.schema import Schema
from prodforensics.statistics import quantiles, share

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

pictures = Later("prodforensics.network.comparison.comparison_pictures")

__all__ = ["BothEnds", "paired"]

_WAYS = ("to_base", "to_other")
_ENDS = ("base", "other")


class BothEnds(Evidence):
    """One path, captured at two places at the same time.

    Parameters
    ----------
    base, other : Capture
    pairs : Pairs
        The streams they share.

    Attributes
    ----------
    base, other : Capture
    pairs : Pairs
    """

    kind: ClassVar[str] = "both ends of a path"
    schemas: ClassVar[Mapping[str, Schema]] = schemas.FRAMES
    _rules = "prodforensics.network.comparison.both_ends_rules:RULES"
    _view = "prodforensics.display.browser:overview"
    _sections = "prodforensics.network.comparison.comparison_pictures:both_ends_sections"

    def __init__(self, base: Capture, other: Capture, pairs: Pairs) -> None:
        self.base, self.other, self.pairs = base, other, pairs
        builders = {
            "clock": self._clock,
            "directions": self._directions,
            "lost": lambda: self._alone(lost=True),
            "matched": self._matched,
            "streams": self._streams,
            "unmatched": lambda: self._alone(lost=False),
        }
        gaps = [gap for one in (base, other) for gap in one.all_gaps()]
        super().__init__(builders, parts=(base, other), gaps=gaps)

    # -- analyses, made on use ----------------------------------------------------------------

    @cached_property
    def same(self) -> Matched:
        """Which packet is which."""
        return matched(self.base, self.other, self.pairs)

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of the matched packets in the base and in the other capture, int64[k] each."""
        one, two = self.pairs.ends
        return one.rows[self.same.base], two.rows[self.same.other]

    @cached_property
    def group(self) -> np.ndarray:
        """Group (see `matching.End`) of the matched packets, int64[k]."""
        return self.pairs.ends[0].group[self.same.base]

    @cached_property
    def to_other(self) -> np.ndarray:
        """Which matched packets went to the other end, bool[k]."""
        return self.pairs.to_other[self.group]

    @cached_property
    def clock(self) -> Clock:
        """The other end's clock, compared with the base's."""
        # One packet taken for another would be the quickest of all.
        sure = self.same.unique
        time, later, way = self._times[0][sure], self._later[sure], self.to_other[sure]
        return estimated(time[way], later[way], time[~way], later[~way])

    @cached_property
    def delay_ns(self) -> np.ndarray:
        """How long each matched packet took, ns, int64[k]."""
        gone = self._later - self.clock.ahead(self._times[0])
        return np.where(self.to_other, gone, -gone)

    @cached_property
    def unmatched(self) -> Alone:
        """Packets that one end alone saw, in the order of time, and why."""
        return alone(self)

    @property
    def _times(self) -> tuple[np.ndarray, np.ndarray]:
        one, two = self.rows
        return times(self.base)[one], times(self.other)[two]

    @cached_property
    def _later(self) -> np.ndarray:
        one, two = self._times
        return two - one

    # -- frames -------------------------------------------------------------------------------

    def _matched(self) -> pd.DataFrame:
        if not len(self.group):
            return schemas.MATCHED.empty()
        (one, two), (time, _), packets = self.rows, self._times, self.base.packets
        left = np.where(self.to_other, time, time - self.delay_ns)
        pair = self.group // 2
        columns = {
            "base_frame": one + 1,
            "other_frame": two + 1,
            "protocol": self._protocol(pair),
            "pair": pair,
            "direction": vocabulary(_WAYS, self.to_other.astype(np.int8)),
            "ts": pd.DatetimeIndex(left, tz="UTC"),
            "delay_ns": self.delay_ns,
            "payload_bytes": packets.payload_length[one],
            "tcp_flags": packets.tcp_flags[one],
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(one), name="packet"))

    def _alone(self, *, lost: bool) -> pd.DataFrame:
        found = self.unmatched
        found = found.take(np.flatnonzero((found.reason == LOST) == lost))
        if not len(found.row):
            return (schemas.LOST if lost else schemas.UNMATCHED).empty()
        pair = found.group // 2
        columns = {
            "seen_by": vocabulary(_ENDS, found.end),
            "frame": found.row + 1,
            "protocol": self._protocol(pair),
            "stream": found.stream.astype(np.int64),
            "pair": np.where(found.stray, -1, pair),
            "direction": vocabulary(_WAYS, found.to_other.astype(np.int8)),
            "ts": pd.DatetimeIndex(found.time, tz="UTC"),
            "payload_bytes": found.payload,
            "tcp_flags": found.flags,
        }
        if not lost:
            columns["reason"] = vocabulary(REASONS, found.reason)
        return pd.DataFrame(columns, index=pd.RangeIndex(len(pair), name="packet"))

    def _protocol(self, pair: np.ndarray) -> pd.Categorical:
        return vocabulary(("tcp", "udp"), (self.pairs.protocol[pair] == UDP).astype(np.int8))

    def _directions(self) -> pd.DataFrame:
        way = self.to_other.astype(np.int64)
        arrived = np.bincount(way, minlength=2)
        gone = {
            reason: np.bincount(
                self.unmatched.to_other[self.unmatched.reason == reason].astype(np.int64),
                minlength=2,
            )
            for reason in (LOST, APPEARED, RESEGMENTED, OUTSIDE)
        }
        sent = arrived + gone[LOST]
        shares = [
            share(lost / all_ if all_ else 0, all_)
            for lost, all_ in zip(gone[LOST].tolist(), sent.tolist(), strict=True)
        ]
        delay = quantiles(self.delay_ns, way, 2, (0.0, 0.5, 0.95, 1.0))
        with np.errstate(invalid="ignore"):
            loss = 100 * gone[LOST] / sent
        columns = {
            "sent": sent,
            "matched": arrived,
            "lost": gone[LOST],
            "loss_percent": loss,
            "loss_low_percent": [100 * one.low for one in shares],
            "loss_high_percent": [100 * one.high for one in shares],
            "overtaken": [self._overtaken(bool(way)) for way in range(2)],
            "appeared": gone[APPEARED],
            "resegmented": gone[RESEGMENTED],
            "outside": gone[OUTSIDE],
        }
        for name, values in zip(("least", "median", "p95", "most"), delay, strict=True):
            columns[f"delay_{name}_ns"] = values
        index = pd.Index(list(_WAYS), name="direction", dtype="str")
        return pd.DataFrame(columns, index=index).iloc[::-1]

    def _overtaken(self, to_other: bool) -> int:
        """Count the packets that came after one that was sent later."""
        mine = self.to_other == to_other
        one, two = (rows[mine] for rows in self.rows)
        sent, came = (one, two) if to_other else (two, one)
        came = came[np.argsort(sent, kind="stable")]
        return int(np.count_nonzero(came < np.maximum.accumulate(came))) if len(came) else 0

    def _streams(self) -> pd.DataFrame:
        pairs, count = self.pairs, len(self.pairs)
        names = [
            [self._ends(capture, pairs.protocol, pairs.stream[:, end], side) for side in range(2)]
            for end, capture in enumerate((self.base, self.other))
        ]
        by_orig = pairs.to_other[::2]
        here, there = self._oriented(names[1])
        groups = 2 * count
        arrived = np.bincount(self.group, minlength=groups)
        gone = self.unmatched.take(np.flatnonzero(self.unmatched.reason == LOST))
        lost = np.bincount(gone.group[~gone.stray], minlength=groups)
        (delay,) = quantiles(self.delay_ns, self.group, groups, (0.5,))
        columns = {
            "protocol": self._protocol(np.arange(count)),
            "stream_base": pairs.stream[:, 0],
            "stream_other": pairs.stream[:, 1],
            "orig": pd.array(names[0][0], dtype="str"),
            "resp": pd.array(names[0][1], dtype="str"),
            "orig_other": pd.array(here, dtype="str"),
            "resp_other": pd.array(there, dtype="str"),
            "translated": np.array(
                [
                    one != two or three != four
                    for one, two, three, four in zip(
                        names[0][0], here, names[0][1], there, strict=True
                    )
                ],
                np.bool_,
            ),
            "near_orig": vocabulary(_ENDS, (~by_orig).astype(np.int8)),
        }
        place = 2 * np.arange(count)
        ways = {"to_other": place + ~by_orig, "to_base": place + by_orig}
        for way, chosen in ways.items():
            columns[f"sent_{way}"] = arrived[chosen] + lost[chosen]
            columns[f"lost_{way}"] = lost[chosen]
        for way, chosen in ways.items():
            columns[f"delay_{way}_ns"] = delay[chosen]
        return pd.DataFrame(columns, index=pd.RangeIndex(count, name="pair"))

    def _oriented(self, names: list[list[str]]) -> tuple[list[str], list[str]]:
        """Put the other capture's ends in the order of the base's."""
        turned = self.pairs.turned.tolist()
        both = zip(*names, turned, strict=True)
        pairs = [(two, one) if turn else (one, two) for one, two, turn in both]
        return [one for one, _ in pairs], [two for _, two in pairs]

    @staticmethod
    def _ends(capture: Capture, protocol: np.ndarray, stream: np.ndarray, side: int) -> list[str]:
        tcp, udp = capture.streams, capture.udp_streams
        texts = capture.packets.addresses.texts()
        of_udp = protocol == UDP
        found = np.empty((len(stream), 2), np.int64)
        for flows, mine in ((tcp, ~of_udp), (udp, of_udp)):
            found[mine, 0] = flows.address[stream[mine], side]
            found[mine, 1] = flows.port[stream[mine], side]
        return [
            f"[{texts[one]}]:{port}" if ":" in texts[one] else f"{texts[one]}:{port}"
            for one, port in found.tolist()
        ]

    def _clock(self) -> pd.DataFrame:
        windows = self.clock.windows
        columns = {
            "ts": pd.DatetimeIndex(windows.time, tz="UTC"),
            # Half of each: the sum of two offsets of hours may pass what an int64 holds.
            "offset_ns": windows.earliest / 2 + windows.latest / 2,
            "uncertainty_ns": windows.latest / 2 - windows.earliest / 2,
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(windows.time), name="window"))

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say how much was lost, and how long the way took."""
        parts = []
        for way, one in self.frames["directions"].iterrows():
            if one.sent:
                words = f"{human_count(int(one.lost))} of {human_count(int(one.sent))} packets lost"
                parts.append(f"{words} {_way(str(way))} (median {human_ns(one.delay_median_ns)})")
        return f"{'; '.join(parts)}. {self.clock_in_words()}"

    def clock_in_words(self) -> str:
        """Say how far the other end's clock is off."""
        clock = self.clock
        if clock.uncertainty_ns < 0:
            return "Packets went one way alone, so the clocks cannot be compared"
        word = "ahead" if clock.offset_ns >= 0 else "behind"
        text = (
            f"The other end's clock is {_exact(abs(clock.offset_ns))} {word} "
            f"(± {human_ns(clock.uncertainty_ns)} at the most)"
        )
        if clock.drift_ppm:
            text += f" and {'gains' if clock.drift_ppm > 0 else 'loses'} "
            text += f"{abs(clock.drift_ppm):.3g} µs a second"
        return text

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        frame = self.frames["directions"]
        loss = [f"{one.loss_percent:.2f} % {_way(str(way))}" for way, one in frame.iterrows()]
        return [
            ("streams of both", human_count(len(self.pairs))),
            ("packets of both", human_count(len(self.same.base))),
            ("loss", ", ".join(loss)),
            ("clock offset", f"{self.clock.offset_ns / 1e6:,.3f} ms"),
        ]

    def _card_body(self) -> str:
        return pictures.both_ends_card(self)


def _way(direction: str) -> str:
    return "to the other end" if direction == "to_other" else "to the base's end"


def _exact(duration: int) -> str:
    return f"{duration / 1e6:,.3f} ms" if duration < 1e9 else f"{duration / 1e9:,.6f} s"

"""What one can do with a profile: other profiles made from it, answers, exports."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics._reference import Later
from prodforensics.profile.data import ProfileData, ValueType
from prodforensics.profile.measures import Measures
from prodforensics.writing import write_file

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

    from prodforensics.profile.callers import Peek

__all__ = ["Operations"]

# Imported on use: who loads and looks needs little of it.
callers = Later("prodforensics.profile.callers")
folding = Later("prodforensics.profile.folding")
heatmap = Later("prodforensics.profile.heatmap")
pictures = Later("prodforensics.profile.pictures")
pprof_writing = Later("prodforensics.profile.pprof_writing")
selection = Later("prodforensics.profile.selection")
speedscope = Later("prodforensics.profile.speedscope")
top = Later("prodforensics.profile.top")
transforms = Later("prodforensics.profile.transforms")
uniting = Later("prodforensics.profile.uniting")


class Operations:
    """The methods of `Profile` that make another profile, a frame or a file of it.

    Each is a function of its own module, where it is documented in full.
    """

    data: ProfileData
    measures: Measures
    default_value_type: ValueType
    title: str
    _derived: Callable[..., Self]

    # -- other profiles: samples chosen -------------------------------------------------------

    def focus(self, regex: str | re.Pattern[str]) -> Self:
        """Keep the samples with a matching call anywhere in the stack (pprof: ``-focus``).

        Parameters
        ----------
        regex : str or compiled regular expression
            Searched for in function names, source files and modules.

        Raises
        ------
        BadOption
            It is no regular expression.

        Examples
        --------
        >>> import prodforensics as pf
        >>> profile = pf.load(pf.samples.path("profile/go/quadratic.cpu.pb.gz"))
        >>> profile.focus("json").hide("reflect").top(1, by="total")["function"].tolist()
        ['encoding/json.(*encodeState).marshal']
        """
        return self._derived(transforms.focus(self.data, regex))

    def ignore(self, regex: str | re.Pattern[str]) -> Self:
        """Drop the samples with a matching call anywhere in the stack (pprof: ``-ignore``).

        As there, samples without any stack go, too.
        """
        return self._derived(transforms.ignore(self.data, regex))

    def between(self, begin: int | datetime | None, end: int | datetime | None) -> Self:
        """Keep the samples from a time on and before another one.

        Parameters
        ----------
        begin, end : int, datetime or None
            Nanoseconds on the clock of the recording, as in ``frames["samples"]["time"]``; or
            a datetime or Timestamp where that clock is the calendar's (UTC); None for no limit.

        Raises
        ------
        BadOption
            The profile has no times, or none that a date could be compared with.
        """
        return self._derived(selection.between(self.data, begin, end))

    def where(
        self, *, thread: Any = None, process: Any = None, event: Any = None, label: Any = None
    ) -> Self:
        """Keep the samples that meet every condition that is given.

        Parameters
        ----------
        thread, process : int, str or compiled regular expression, optional
            Id; or name, or name and id as in ``frames["samples"]``; or a regular expression.
        event : str or compiled regular expression, optional
        label : str, tuple or mapping, optional
            A key; or ``(key, value)``; or a mapping of keys to values. A value is a text, a
            number, a compiled regular expression, or ``(least, most)`` for a number.

        Raises
        ------
        UnknownName
            Nothing in the profile is named so; the hint lists what there is.
        BadOption
            A condition is of another kind, or nothing of it was recorded.

        Examples
        --------
        >>> import prodforensics as pf
        >>> profile = pf.load(pf.samples.path("profile/go/quadratic.cpu.pb.gz"))
        >>> part = profile.where(label={"endpoint": "/order", "region": "north"})
        >>> 0 < part.measures.total < profile.measures.total
        True
        >>> profile.where(label="tenant")
        Traceback (most recent call last):
        ...
        prodforensics.errors.UnknownName: there is no label 'tenant'
        Try: There are: endpoint, region
        """
        chosen = selection.where(
            self.data, thread=thread, process=process, event=event, label=label
        )
        return self._derived(chosen)

    # -- other profiles: stacks changed -------------------------------------------------------

    def hide(self, regex: str | re.Pattern[str]) -> Self:
        """Take matching calls out of all stacks; their callers did it then (pprof: ``-hide``)."""
        return self._derived(transforms.hide(self.data, regex))

    def show_from(self, regex: str | re.Pattern[str]) -> Self:
        """Drop what is above the outermost matching call (pprof: ``-show_from``).

        Samples without such a call go.
        """
        return self._derived(transforms.show_from(self.data, regex))

    def root_at(self, function: str) -> Self:
        """Begin every stack at the outermost call of a function; samples without it go.

        Parameters
        ----------
        function : str
            Its name in ``frames["functions"]``.

        Raises
        ------
        UnknownName
            There is no such function.
        """
        return self._derived(transforms.root_at(self.data, function))

    def invert(self) -> Self:
        """Turn every stack upside down: what did the work stands outermost.

        Raises
        ------
        BadOption
            The stacks are so deep and many that the result would not fit into memory.
        """
        return self._derived(transforms.invert(self.data))

    def collapse_recursion(self, *, indirect: bool = False) -> Self:
        """Join the calls of a function from itself into one.

        Parameters
        ----------
        indirect : bool
            Also where other functions are between them: ``a b a c`` becomes ``a c``.
        """
        return self._derived(transforms.collapse_recursion(self.data, indirect=indirect))

    def merge(self, *others: Self) -> Self:
        """Put the samples of other profiles beside those of this one.

        Functions are the same where name, file and module are.

        Raises
        ------
        NotComparable
            The profiles do not have the same value types.
        """
        merged = uniting.merged([self.data, *(one.data for one in others)])
        return self._derived(merged, others)

    # -- answers ------------------------------------------------------------------------------

    def top(
        self, n: int | None = 20, by: str = "self", granularity: str = "function"
    ) -> pd.DataFrame:
        """List what takes most, in the order and with the numbers of ``go tool pprof -top``.

        Percentages are of this profile. Of one that was made with `focus` and the like they are
        of what is left, as with pprof's ``-relative_percentages``.

        Parameters
        ----------
        n : int, optional
            Rows at most; all for None.
        by : {"self", "total"}
        granularity : {"function", "line", "file", "module"}
            What a row is; functions of one name are one.

        Returns
        -------
        pandas.DataFrame
            ``function``, ``self``, ``self_percent``, ``sum_percent``, ``total``,
            ``total_percent``; see the data dictionary.

        Raises
        ------
        BadOption
            There is no such order or granularity.
        """
        return top.top(self.data, self.measures, n, by, granularity)

    def callers(self, function: str) -> pd.DataFrame:
        """List who calls a function directly, and what its calls from there take in all.

        Parameters
        ----------
        function : str
            Its name in ``frames["functions"]``.

        Raises
        ------
        UnknownName
            There is no such function.
        """
        return callers.callers(self.data, self.measures, function)

    def callees(self, function: str) -> pd.DataFrame:
        """List whom a function calls directly, and what those calls take in all.

        Parameters
        ----------
        function : str
            Its name in ``frames["functions"]``.

        Raises
        ------
        UnknownName
            There is no such function.
        """
        return callers.callees(self.data, self.measures, function)

    def peek(self, function: str) -> Peek:
        """Show a function between its callers and its callees, as pprof's ``peek``.

        Returns
        -------
        Peek
            Prints as text; ``.frame`` is the same as a frame.

        Raises
        ------
        UnknownName
            There is no such function.

        Examples
        --------
        >>> import prodforensics as pf
        >>> profile = pf.load(pf.samples.path("profile/go/quadratic.cpu.pb.gz"))
        >>> profile.peek("main.repeatedSlowly").frame[["role", "function"]].values.tolist()
        [['caller', 'main.(*server).repeated'], ['function', 'main.repeatedSlowly'],
        ['callee', 'runtime.asyncPreempt']]
        """
        return callers.peek(self.data, self.measures, self.default_value_type.unit, function)

    def heatmap(self, bins: int = 50) -> pd.DataFrame:
        """Sum values by second (columns) and offset within the second (rows), as FlameScope.

        Parameters
        ----------
        bins : int
            Rows: parts of a second, 1 to 1,000.

        Raises
        ------
        BadOption
            The profile has no times, or covers too many seconds for one picture.
        """
        return heatmap.heatmap(self.data, self.measures, bins)

    # -- files --------------------------------------------------------------------------------

    def to_folded(
        self,
        path: str | Path | None = None,
        *,
        threads: bool = False,
        all: bool = False,  # noqa: A002 (the script's word)
        pid: bool = False,
        tid: bool = False,
        addrs: bool = False,
        keep_parenthesised: bool = False,
    ) -> str:
        r"""Write the stacks as folded text, ``main;parse;read 12``, one line each, sorted.

        A recording of perf is folded by the rules of ``stackcollapse-perf.pl``, to its lines; the
        last five options are for it. With another value type (see `Profile.using`) or by threads
        it is folded as every profile.

        Parameters
        ----------
        path : str or Path, optional
            Where to write it, too.
        threads : bool
            Whether the stacks of each thread stand below its name.
        all : bool
            Mark frames of the kernel with ``_[k]`` and those of compilers at run time with
            ``_[j]``.
        pid, tid : bool
            Put the process, or process and thread, behind the command.
        addrs : bool
            Put the address of what has no symbol behind its binary.
        keep_parenthesised : bool
            Keep frames that begin with a parenthesis, such as ``(anonymous namespace)::f``, which
            the script drops.

        Returns
        -------
        str

        Raises
        ------
        BadOption
            An option for perf, where its rules do not apply.
        SourceError
            The file cannot be written.
        """
        options = {
            "all": all,
            "pid": pid,
            "tid": tid,
            "addrs": addrs,
            "keep_parenthesised": keep_parenthesised,
        }
        text = folding.to_folded(self.data, self.measures, threads=threads, options=options)
        if path is not None:
            write_file(path, text)
        return text

    def to_pprof(self, path: str | Path) -> Path:
        """Write a file for ``go tool pprof`` and all that reads pprof, packed with gzip.

        Samples, values, inlined calls and labels stay as they are. Threads become labels; moments
        are kept where they are known as times of the day.

        Parameters
        ----------
        path : str or Path
            Usually ends in ``.pb.gz``.

        Raises
        ------
        SourceError
            The file cannot be written.
        """
        return write_file(path, pprof_writing.pprof_bytes(self.data))

    def to_speedscope(self, path: str | Path) -> Path:
        """Write a file for https://www.speedscope.app: a profile for each value type and thread.

        Raises
        ------
        BadOption
            There are negative values, as in a difference.
        SourceError
            The file cannot be written.
        """
        return write_file(path, speedscope.speedscope_json(self.data, self.title))

    def to_svg(
        self,
        path: str | Path,
        *,
        order: str = "left-heavy",
        inverted: bool = False,
        title: str = "",
    ) -> Path:
        """Write a flame graph as an SVG file: titles, search and zoom in a browser, offline.

        Bars below half a pixel of 1,200 are drawn as grey runs.

        Parameters
        ----------
        path : str or Path
        order : {"left-heavy", "alphabetical", "time"}
            How the bars of one caller follow each other.
        inverted : bool
            Whether the first row is the innermost call.
        title : str
            What stands above it; the name of the profile's file by default.

        Raises
        ------
        BadOption
            There is no such order, or the profile has no times.
        SourceError
            The file cannot be written.
        """
        return write_file(path, pictures.flame_document(self, order, inverted, title))

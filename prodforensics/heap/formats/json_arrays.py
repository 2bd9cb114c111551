"""Large JSON arrays of records, parsed in blocks on all the threads that help."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from prodforensics.heap.memory import room
from prodforensics.heap.strings import StringTable
from prodforensics.kernels import numbers, strings

__all__ = ["THREADS", "Block", "forget", "parse_blocks", "parse_flat", "parse_strings"]

THREADS = 2
BLOCK_BYTES = 4 * 2**20

# (start, end, row) -> (rows parsed, byte where it stopped)
Block = Callable[[int, int, int], tuple[int, int]]


def forget(buf: np.ndarray, start: int, end: int) -> None:
    """Let the pages of a memory-mapped range leave this process; they stay in the page cache."""
    view = buf.base
    if isinstance(view, memoryview):
        view = view.obj
    if not isinstance(view, mmap.mmap):
        return
    page = mmap.PAGESIZE
    start = -(-start // page) * page
    end = end // page * page
    if end > start:
        view.madvise(mmap.MADV_DONTNEED, start, end - start)


def parse_blocks(
    buf: np.ndarray,
    start: int,
    fields: int,
    block: Block,
    reserve: Callable[[int], int],
    tick: Callable[[int], object],
) -> tuple[int, int, bool]:
    """Parse an array of records block by block, two blocks at a time.

    Commas are counted first (far faster than parsing), which tells each block its first row.

    Parameters
    ----------
    buf : uint8[:]
        The file.
    start : int
        One past the array's opening bracket.
    fields : int
        Numbers in a record.
    block : callable
        Parses the bytes of one block.
    reserve : callable
        Called with a number of rows that must fit, answers how many do; never called while blocks
        are being parsed.
    tick : callable
        Called with the number of bytes done.

    Returns
    -------
    rows : int
        Whole records before the first damage.
    stop : int
        The closing bracket, or where the records end for another reason.
    whole : bool
        Whether the closing bracket was met.
    """
    pool: ThreadPoolExecutor | None = None
    running: list[tuple[Future, int, int, int]] = []
    row, p, closed, failed = 0, start, False, None
    reserved = 0

    def work(first: int, last: int, at: int) -> tuple[int, int]:
        result = block(first, last, at)
        forget(buf, first, last)
        return result

    def settle() -> None:
        nonlocal failed
        job, first, last, at = running.pop(0)
        rows, stop = job.result()
        tick(last - first)
        if failed is None and stop < last:
            failed = (at + rows, stop)

    try:
        while not closed and failed is None and p < buf.size:
            limit = min(p + BLOCK_BYTES, buf.size)
            cut, records, closed = numbers.cut_block(buf, p, limit, fields)
            if cut == p and not closed and limit < buf.size:
                # A record longer than a block: white space without end, or not numbers at all.
                failed = (row, p)
                break
            # The last record before a closing bracket has no comma behind it.
            expected = records + closed
            if row + expected > reserved:
                while running:
                    settle()
                reserved = reserve(row + expected)
            if closed and pool is None:
                rows, stop = work(p, cut, row)
                tick(cut - p)
                if stop < cut:
                    failed = (row + rows, stop)
                row, p = row + rows, cut
                break
            if cut == p:
                break
            pool = pool or ThreadPoolExecutor(THREADS)
            running.append((pool.submit(work, p, cut, row), p, cut, row))
            if closed:
                job = running[-1][0]
                row += job.result()[0]
            else:
                row += records
            p = cut
            while len(running) > 2 * THREADS:
                settle()
        while running:
            settle()
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    if failed is not None:
        return *failed, False
    return row, p, closed


def parse_flat(buf: np.ndarray, start: int, fields: int) -> tuple[np.ndarray, int, bool]:
    """Parse a smaller array of records into ``uint64[rows, fields]``."""
    out = np.empty(0, np.uint64)
    pieces: list[np.ndarray] = []
    p, closed = start, False
    while not closed and p < buf.size:
        limit = min(p + BLOCK_BYTES, buf.size)
        cut, _records, closed = numbers.cut_block(buf, p, limit, 1)
        if cut == p:
            break
        out = room((cut - p) // 2 + 1, np.uint64)
        count, stop = numbers.parse_numbers(buf, p, cut, out)
        pieces.append(out[:count].copy())
        forget(buf, p, cut)
        p = stop
        if stop < cut:
            closed = False
            break
    flat = np.concatenate(pieces) if pieces else out
    rows = len(flat) // max(fields, 1)
    whole = closed and rows * fields == len(flat)
    return flat[: rows * fields].reshape(rows, fields), p, whole


def parse_strings(
    buf: np.ndarray, start: int, tick: Callable[[int], object]
) -> tuple[StringTable, int, bool]:
    """Copy and index an array of strings; return the table, where it ends and if it is whole."""
    data = room(buf.size - start, np.uint8)
    pieces: list[np.ndarray] = []
    starts = np.empty(1 << 16, np.int64)
    p, copied, state = 0, 0, strings.BETWEEN
    while p < data.size and state not in (strings.CLOSED, strings.WRONG):
        if p == copied:
            copied = min(p + BLOCK_BYTES, data.size)
            data[p:copied] = buf[start + p : start + copied]
            forget(buf, start + p, start + copied)
            tick(copied - p)
        count, p, state = strings.index_strings(data, p, copied, starts, state)
        if count:
            pieces.append(starts[:count].astype(np.uint32 if data.size < 2**32 else np.uint64))
    index = np.concatenate(pieces) if pieces else np.empty(0, np.uint32)
    end = p
    if state in (strings.INSIDE, strings.ESCAPED) and len(index):
        # Cut inside a string: what is there of it is not the string.
        end, index = int(index[-1]) - 1, index[:-1]
    last = -1
    if len(index):
        begin = int(index[-1])
        last = begin + data[begin:end].tobytes().rfind(b'"')
    index = np.append(index, np.array([last + 2], index.dtype))
    return StringTable(data[: last + 1], index), start + p, state == strings.CLOSED

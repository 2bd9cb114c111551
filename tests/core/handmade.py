"""Small cores made by hand, of any machine, for what real ones never show."""

import struct

STATUS, PROCESS, AUXILIARY, SIGNAL, FILES = 1, 3, 6, 0x53494749, 0x46494C45
X86_64, AARCH64, I386, S390X, PPC64, RISCV, ARM = 62, 183, 3, 22, 21, 243, 40
READ, WRITE, RUN = 4, 2, 1


class HandmadeCore:
    """Collects notes and segments; `bytes` puts them together as the kernel does."""

    def __init__(self, machine=X86_64, *, wide=True, little=True, kind=4):
        self.machine, self.wide, self.kind, self.little = machine, wide, kind, little
        self.order = "<" if little else ">"
        self.word = "Q" if wide else "I"
        self.notes = b""
        self.segments = []

    def pack(self, layout, *values):
        return struct.pack(self.order + layout, *values)

    def note(self, kind, data, name=b"CORE"):
        padded = name + b"\0" * (-len(name) % 4 or 4)
        data += b"\0" * (-len(data) % 4)
        self.notes += self.pack("III", len(name) + 1, len(data), kind) + padded + data
        return self

    def thread(self, tid, registers, signal=0):
        """Add NT_PRSTATUS with raw registers."""
        before = 112 if self.wide else 72
        head = bytearray(before)
        head[12:14] = self.pack("h", signal)
        at = 32 if self.wide else 24
        head[at : at + 4] = self.pack("i", tid)
        return self.note(STATUS, bytes(head) + registers + b"\0" * 8)

    def process(self, pid, name, arguments):
        numbers = self.pack("iiii", pid, 1, pid, pid)
        before = b"\0" * (24 if self.wide else 12)
        return self.note(
            PROCESS,
            before + numbers + name.encode().ljust(16, b"\0") + arguments.encode().ljust(80, b"\0"),
        )

    def siginfo(self, number, code, address=0):
        gap = "4x" if self.wide else ""
        return self.note(
            SIGNAL, self.pack(f"iii{gap}{self.word}", number, 0, code, address).ljust(128, b"\0")
        )

    def auxiliary(self, *pairs):
        flat = [value for pair in [*pairs, (0, 0)] for value in pair]
        return self.note(AUXILIARY, self.pack(f"{len(flat)}{self.word}", *flat))

    def files(self, *mappings):
        """Add NT_FILE: (start, end, offset in pages, path)."""
        numbers = [value for one in mappings for value in one[:3]]
        names = b"".join(one[3].encode() + b"\0" for one in mappings)
        head = self.pack(f"2{self.word}", len(mappings), 4096)
        return self.note(FILES, head + self.pack(f"{len(numbers)}{self.word}", *numbers) + names)

    def segment(self, start, data=b"", size=None, flags=READ | WRITE):
        self.segments.append((start, data, len(data) if size is None else size, flags))
        return self

    def header(self, count, section_offset=0, sections=0):
        ident = b"\x7fELF" + bytes([1 + self.wide, 1 if self.little else 2, 1]) + b"\0" * 9
        w = self.word
        head_size, each = (64, 56) if self.wide else (52, 32)
        return ident + self.pack(
            f"HHI{w}{w}{w}IHHHHHH", self.kind, self.machine, 1, 0, head_size, section_offset, 0,
            head_size, each, count, 64 if sections else 0, sections, 0,
        )  # fmt: skip

    def program(self, kind, flags, offset, start, filesz, memsz):
        if self.wide:
            return self.pack("IIQQQQQQ", kind, flags, offset, start, 0, filesz, memsz, 1)
        return self.pack("IIIIIIII", kind, offset, start, 0, filesz, memsz, flags, 1)

    def bytes(self):
        count = 1 + len(self.segments)
        head = self.header(count)
        at = len(head) + count * (56 if self.wide else 32)
        programs = self.program(4, 0, at, 0, len(self.notes), 0)
        body = self.notes
        for start, data, size, flags in self.segments:
            programs += self.program(1, flags, at + len(body), start, len(data), size)
            body += data
        return head + programs + body

    def write(self, path):
        path.write_bytes(self.bytes())
        return path


def registers_of(core, names, **values):
    """Pack registers of equal width by their names."""
    width = core.word
    return core.pack(f"{len(names)}{width}", *(values.get(name, 0) for name in names))

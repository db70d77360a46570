"""A 7z archive with one stored file, by the published layout of the format (7zFormat.txt of 7-Zip).

Never here: compression. To add a second file: its size and name in `seven`, and the counts.
"""

import struct
import zlib

HEADER, MAIN_STREAMS, FILES, PACK, UNPACK, SUB, SIZE, CRC, FOLDER, CODER_SIZES, NAMES, END = 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 0


def number(value: int) -> bytes:
    """7z's own variable length: here one byte, or two."""
    if value < 0x80:
        return bytes([value])
    return bytes([0x80 | (value >> 8), value & 0xFF])


def seven(name: str, raw: bytes) -> bytes:
    crc = struct.pack("<I", zlib.crc32(raw))
    pack = bytes([PACK]) + number(0) + number(1) + bytes([SIZE]) + number(len(raw)) + bytes([END])
    folder = bytes([UNPACK, FOLDER, 1, 0, 1, 0x01, 0x00, CODER_SIZES]) + number(len(raw)) + bytes([END])
    sub = bytes([SUB, CRC, 1]) + crc + bytes([END])
    words = b"\0" + name.encode("utf-16-le") + b"\0\0"
    files = bytes([FILES, 1, NAMES]) + number(len(words)) + words + bytes([END])
    header = bytes([HEADER, MAIN_STREAMS]) + pack + folder + sub + bytes([END]) + files + bytes([END])
    start = struct.pack("<QQI", len(raw), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + raw + header

"""Reads .npy files without NumPy: versions 1 to 3, little-endian, C order."""
import array
import ast
import struct
import sys

_CODES = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q", "|u1": "B", "|i1": "b"}


def read(path):
    """The shape, and all values in one array."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:6] != b"\x93NUMPY":
        raise ValueError(f"{path} is no .npy file")
    width = 2 if data[6] == 1 else 4
    length = struct.unpack_from("<H" if width == 2 else "<I", data, 8)[0]
    header = ast.literal_eval(data[8 + width:8 + width + length].decode())
    if header["fortran_order"] or sys.byteorder != "little":
        raise ValueError(f"{path}: only C order on a little-endian machine is read")
    values = array.array(_CODES[header["descr"]])
    values.frombytes(data[8 + width + length:])
    count = 1
    for extent in header["shape"]:
        count *= extent
    if count != len(values):
        raise ValueError(f"{path}: {len(values)} values for shape {header['shape']}")
    return header["shape"], values


def rows(path):
    """The rows of a matrix."""
    (count, width), values = read(path)
    return [values[i * width:(i + 1) * width] for i in range(count)]


def integers(path):
    return list(read(path)[1])

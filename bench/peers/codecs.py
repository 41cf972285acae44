"""Other codecs on the columns of stepwell_codec_bench.

    stepwell_codec_bench --export DIR && python3 bench/peers/codecs.py DIR

Needs numpy, pcodec, duckdb and zstandard from PyPI; one that is missing is left out. Prints bits an
item and, for compiled peers, nanoseconds an item of encoding and decoding (best of several). Sizes
of Gorilla and Chimp are counted after their papers (PVLDB 8 p. 1816, PVLDB 15 p. 3058), without an
implementation to time. DuckDB's are the growth of a database file that holds the column 32 times,
one codec forced; its times would be a database's, so there are none.
"""

import pathlib
import sys
import tempfile
import time

import numpy

COPIES = 32


def best_ns(call, items, repeats=7):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e9 / items


def timed(encode, decode, column):
    packed = encode()
    assert bytes(memoryview(decode(packed)).cast("B")) == column.tobytes()
    return (8 * len(packed) / len(column), best_ns(encode, len(column)),
            best_ns(lambda: decode(packed), len(column)))


def zstd(column):
    import zstandard

    data = column.tobytes()
    compressor = zstandard.ZstdCompressor(level=1)
    decompressor = zstandard.ZstdDecompressor()
    return timed(lambda: compressor.compress(data), decompressor.decompress, column)


def shuffled_zstd(column):
    import zstandard

    compressor = zstandard.ZstdCompressor(level=1)
    decompressor = zstandard.ZstdDecompressor()

    def encode():
        return compressor.compress(column.view(numpy.uint8).reshape(-1, 8).T.tobytes())

    def decode(packed):
        raw = numpy.frombuffer(decompressor.decompress(packed), numpy.uint8)
        return raw.reshape(8, -1).T.tobytes()

    return timed(encode, decode, column)


def pcodec_level(level):
    def run(column):
        from pcodec import ChunkConfig, standalone

        config = ChunkConfig(compression_level=level)
        out = numpy.empty_like(column)

        def decode(packed):
            standalone.simple_decompress_into(packed, out)
            return out

        return timed(lambda: standalone.simple_compress(column, config), decode, column)

    return run


def duckdb_codec(codec):
    def run(column):
        import duckdb

        with tempfile.TemporaryDirectory() as directory:
            sizes = []
            for copies in (COPIES, 2 * COPIES):
                path = pathlib.Path(directory) / f"{copies}.duckdb"
                connection = duckdb.connect(str(path))
                connection.execute(f"pragma force_compression='{codec}'")
                frame = {"x": numpy.tile(column, copies)}  # noqa: F841, read by name
                connection.execute("create table t as select * from frame")
                connection.execute("checkpoint")
                used = connection.execute(
                    "select distinct lower(compression) from pragma_storage_info('t') "
                    "where segment_type not in ('VALIDITY')").fetchall()
                connection.close()
                if [codec] != [name for (name,) in used]:
                    raise RuntimeError(f"stored as {used}")
                sizes.append(path.stat().st_size)
        return 8 * (sizes[1] - sizes[0]) / (COPIES * len(column)), None, None

    return run


def gorilla(column):
    if column.dtype == numpy.int64:
        return gorilla_times(column), None, None
    total, window = 64, None
    bits = [int(b) for b in column.view(numpy.uint64)]
    for before, now in zip(bits, bits[1:]):
        xor = before ^ now
        if xor == 0:
            total += 1
            continue
        leading = min(64 - xor.bit_length(), 31)
        trailing = (xor & -xor).bit_length() - 1
        if window and leading >= window[0] and trailing >= window[1]:
            total += 2 + 64 - sum(window)
        else:
            window = leading, trailing
            total += 2 + 5 + 6 + 64 - leading - trailing
    return total / len(column), None, None


def gorilla_times(column):
    total = 64 + 14
    for change in numpy.diff(column, n=2):
        for bits, cost in ((0, 1), (7, 9), (9, 12), (12, 16), (64, 36)):
            if (change == 0) if bits == 0 else -(1 << bits - 1) < change <= 1 << bits - 1:
                total += cost
                break
    return total / len(column)


def chimp(column):
    if column.dtype == numpy.int64:
        raise TypeError("for doubles only")
    steps = (0, 8, 12, 16, 18, 20, 22, 24)
    total, last = 64, None
    bits = [int(b) for b in column.view(numpy.uint64)]
    for before, now in zip(bits, bits[1:]):
        xor = before ^ now
        if xor == 0:
            total, last = total + 2, None
            continue
        leading = max(s for s in steps if s <= 64 - xor.bit_length())
        trailing = (xor & -xor).bit_length() - 1
        if trailing > 6:
            total, last = total + 2 + 3 + 6 + 64 - leading - trailing, None
        elif leading == last:
            total += 2 + 64 - leading
        else:
            total, last = total + 2 + 3 + 64 - leading, leading
    return total / len(column), None, None


PEERS = {
    "gorilla": gorilla,
    "chimp": chimp,
    "zstd -1": zstd,
    "shuffle, zstd -1": shuffled_zstd,
    "pcodec 4": pcodec_level(4),
    "pcodec 8": pcodec_level(8),
    "duckdb alp": duckdb_codec("alp"),
    "duckdb alprd": duckdb_codec("alprd"),
    "duckdb chimp": duckdb_codec("chimp"),
    "duckdb patas": duckdb_codec("patas"),
    "duckdb bitpacking": duckdb_codec("bitpacking"),
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("| column |", " | ".join(PEERS), "|")
    print("|---" * (len(PEERS) + 1) + "|")
    failed = {}
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.?64")):
        column = numpy.fromfile(path, numpy.float64 if path.suffix == ".f64" else numpy.int64)
        cells = []
        for name, peer in PEERS.items():
            try:
                bits, encode, decode = peer(column)
                cells.append(f"{bits:.2f}" + (f" ({encode:.1f}, {decode:.1f})" if encode else ""))
            except Exception as error:  # A peer without this type, or not installed.
                failed.setdefault(f"{name}: {str(error).splitlines()[0]}", []).append(path.stem)
                cells.append("-")
        print("|", path.stem, "|", " | ".join(cells), "|", flush=True)
    for reason, columns in failed.items():
        print(f"- {reason} ({', '.join(columns)})")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""engine.py duckdb|chdb THREADS SQL: run a query, print its rows, tab-separated.

The last line on standard error says the seconds of wall and of processor time
of the query alone: neither Python's start nor the printing counts.
"""
import os
import sys
import time


def duckdb_run(threads):
    import duckdb
    con = duckdb.connect()
    con.execute("SET threads = %d" % threads)
    return lambda sql: con.execute(sql).fetchall()


def chdb_run(threads):
    import chdb
    return lambda sql: chdb.query(
        "%s SETTINGS max_threads = %d" % (sql, threads), "TSV")


def main():
    engine, threads, sql = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    run = {"duckdb": duckdb_run, "chdb": chdb_run}[engine](threads)
    wall, before = time.monotonic(), os.times()
    rows = run(sql)
    wall, after = time.monotonic() - wall, os.times()
    if engine == "chdb":
        sys.stdout.write(str(rows))
    else:
        for row in rows:
            print(*row, sep="\t")
    print("%.4f %.4f" % (wall, after.user - before.user +
        after.system - before.system), file=sys.stderr)


main()

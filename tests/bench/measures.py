"""Measures of one thing each: start, memory, latency, windows, groups."""
import json
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import threading
import time

EVENTS = "parse-json --schema 'time timestamp, action string'"


class Bench:
    """What a measure needs: programs, data, a place for files."""

    def __init__(self, scale, binaries, directory, generator, data):
        self.scale, self.dir, self.generator, self.data = \
            scale, directory, generator, data
        self.env = dict(os.environ, PATH=binaries + ":" + os.environ["PATH"],
            LC_ALL="C")

    def bash(self, command):
        """Wall and processor seconds of a command."""
        before, wall = os.times(), time.monotonic()
        subprocess.run(["bash", "-c", "set -o pipefail; " + command],
            check=True, env=self.env, cwd=self.dir,
            stdout=subprocess.DEVNULL)
        wall, after = time.monotonic() - wall, os.times()
        return wall, after.children_user - before.children_user + \
            after.children_system - before.children_system

    def chain(self, commands, stdin=None, stdout=subprocess.DEVNULL):
        """Start the programs of a pipeline, one process each."""
        all_of = []
        for i, words in enumerate(commands):
            last = i + 1 == len(commands)
            p = subprocess.Popen(words, env=self.env, cwd=self.dir,
                stdin=stdin, stdout=stdout if last else subprocess.PIPE)
            if all_of:
                stdin.close()
            stdin = p.stdout
            all_of.append(p)
        return all_of

    def fresh(self, name):
        """A path in which nothing is."""
        path = os.path.join(self.dir, name)
        shutil.rmtree(path, ignore_errors=True)
        return path


def memory(pid, what="VmHWM"):
    """Resident memory in KB, the most so far (VmHWM) or now (VmRSS)."""
    try:
        with open("/proc/%d/status" % pid) as f:
            for line in f:
                if line.startswith(what + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def say(name, text, ok=None):
    print("%-12s %s%s" % (name, text, ": MISSED" if ok is False else ""),
        flush=True)


def start(b):
    """One program that reads 10 records, against mawk."""
    ten = os.path.join(b.dir, "ten.jsonl")
    subprocess.run([b.generator, "sensors", "10"], stdout=open(ten, "w"),
        check=True)
    commands = {"mawk": "mawk '{n++} END {print n}'",
        "parse-json": "parse-json", "filter": "filter '.x > 0'",
        "agg": "agg --by gt count"}
    times = {name: [] for name in commands}
    for _ in range(15):
        for name, c in commands.items():
            wall, _ = b.bash("for ((i = 0; i < 50; i++)); do %s < %s; done"
                % (c, ten))
            times[name].append(wall / 50 * 1000)
    best = {name: min(t) for name, t in times.items()}
    for name in commands:
        if name == "mawk":
            continue
        ratio = best[name] / best["mawk"]
        say("start", "%s %.2f ms, mawk %.2f ms: %.1f x, target 1.5 x" %
            (name, best[name], best["mawk"], ratio), ratio <= 1.5)


def resident(b):
    """Programs without state, on lines of usual length."""
    lines = b.data("sensors", 100000)
    for words in (["parse-json"], ["filter", ".x != null"],
            ["derive", "n=.gt"], ["pick", "gt,x"], ["drop-null"],
            ["window", "--on", "Arrival_Time", "--unit", "ns", "--size",
                "1h"]):
        p = b.chain([words], stdin=subprocess.PIPE)[0]
        with open(lines, "rb") as f:
            shutil.copyfileobj(f, p.stdin)
        p.stdin.flush()
        time.sleep(0.3)  # the last of it is still on its way
        most = memory(p.pid)
        p.stdin.close()
        p.wait()
        say("resident", "%s %.1f MB, target 4 MB" % (words[0], most / 1024),
            most <= 4096)


def latency(b):
    """One record through three processes, when nothing else waits."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    all_of = b.chain([["stream-socket", "127.0.0.1:%d" % port],
        ["parse-json", "--schema", "n bigint"], ["filter", ".n >= 0"]],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    client, _ = server.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    out, took = all_of[-1].stdout, []
    for i in range(300):
        began = time.monotonic()
        client.sendall(b'{"n":%d}\n' % i)
        out.readline()
        took.append((time.monotonic() - began) * 1000)
        time.sleep(0.005)
    client.close()
    for p in all_of:
        p.wait()
    took.sort()
    say("latency", "median %.2f ms, 99 %% %.2f ms, most %.2f ms, target 5 ms"
        % (statistics.median(took), took[int(len(took) * 0.99)], took[-1]),
        statistics.median(took) <= 5)


def sliding(b):
    """A window of an hour every 5 minutes, against one every hour."""
    f = b.data("events", 10000000 // b.scale)
    cpu = {"": [], " --slide 5m": []}
    for _ in range(3):
        for slide in cpu:
            cpu[slide].append(b.bash("bief run %s" % shlex.quote(
                "stream-files %s | %s | window --on time --size 1h%s | "
                "agg --by action count" % (f, EVENTS, slide)))[1])
    tumbling, slid = (statistics.median(c) for c in cpu.values())
    say("sliding", "%.2f s, tumbling %.2f s (cpu): %.2f x, target 2 x" %
        (slid, tumbling, slid / tumbling), slid <= 2 * tumbling)


def held(b, commands, path):
    """Resident KB of the last program when it has taken a file and waits."""
    all_of = b.chain(commands, stdin=subprocess.PIPE)
    with open(path, "rb") as lines:
        shutil.copyfileobj(lines, all_of[0].stdin)
    all_of[0].stdin.flush()
    time.sleep(0.5)
    size = memory(all_of[-1].pid, "VmRSS")
    all_of[0].stdin.close()
    for p in all_of:
        p.wait()
    return size


def groups(b):
    """Memory of a million groups, beside their keys."""
    n = 1000000 // b.scale
    f = b.data("keys", n)
    keys = sum(len(str(i)) for i in range(n)) / n

    def each(name, few, all_of, path, window=0):
        size = (held(b, all_of, path) - held(b, few, path)) * 1024 / n - \
            keys - window
        say("groups", "%s: %.0f bytes each of %d groups beside the key, "
            "target 100" % (name, size, n), size <= 100)
    for what in ("count", "sum:x", "avg:x", "min:x", "max:x"):
        each(what, [["agg", "--by", "x", what]], [["agg", "--by", "k", what]],
            f)
    f = b.data("visits", n)
    for what in ("count", "sum:k", "avg:k", "min:k", "max:k"):
        one = ["bief", "run", "parse-json --schema 't timestamp, k bigint' | "
            "window --on t --size 7d --watermark 30d | "
            "agg %s --mode append " + what]
        each("with a watermark, " + what, [one[:2] + [one[2] % ""]],
            [one[:2] + [one[2] % "--by k"]], f, 16)


def checkpoint(b):
    """A checkpoint at 10,000 live groups, and what one a second would cost."""
    n, batches = 10000000 // b.scale, 40
    f = b.data("keys", n, 10000)
    times = {"": [], "--checkpoint ck": []}
    for _ in range(5):
        for option in times:
            b.fresh("ck")
            os.mkdir(b.fresh("table"))
            times[option].append(b.bash("bief run %s" % shlex.quote(
                "stream-files --trigger available-now %s --max-records %d %s"
                " | parse-json --schema 'k bigint, x bigint' | "
                "agg --by k count sum:x | sink-table --db %s/t.db "
                "--table t --mode update" %
                (option, n // batches, f, "table"))))
    wall, cpu = ([statistics.median(t[i] for t in times[o]) for o in times]
        for i in (0, 1))
    b.fresh("ck")
    each = [(t[1] - t[0]) / batches for t in (wall, cpu)]
    say("checkpoint", "%.1f ms, %.1f ms of cpu each: one a second is %.1f %%, "
        "target 5 %%" % (each[0] * 1000, each[1] * 1000,
        max(each) * 100), max(each) <= 0.05)


def watch(all_of):
    """The most that each of the processes held, until the last has ended."""
    most = [0] * len(all_of)

    def look():
        while any(p.poll() is None for p in all_of):
            for i, p in enumerate(all_of):
                most[i] = max(most[i], memory(p.pid))
            time.sleep(0.02)
    t = threading.Thread(target=look)
    t.start()
    for p in all_of:
        p.wait()
    t.join()
    return most


def bounded(b):
    """Events of 30 days: the watermark bounds the state."""
    n = 50000000 // b.scale
    f = b.data("events", n)
    programs = [["stream-files", "--trigger", "available-now",
            "--max-records", "100000", f],
        ["parse-json", "--schema", "time timestamp, action string"],
        ["window", "--on", "time", "--size", "1h", "--watermark", "2h"],
        ["agg", "--by", "action", "count", "--mode", "append"],
        ["sink-table", "--db", "bounded.db", "--table", "t", "--mode",
            "append"]]
    one = [["bief", "run", " | ".join(map(shlex.join, programs))]]
    for name, chain in (("bief run", one), ("pipes", programs)):
        for old in ("bounded.db", "bounded.db-wal", "bounded.db-shm"):
            if os.path.exists(os.path.join(b.dir, old)):
                os.unlink(os.path.join(b.dir, old))
        most = watch(b.chain(chain, stdin=subprocess.DEVNULL))
        say("bounded", "%d M records of 30 days, %s: at most %s MB, target "
            "20 MB" % (n // 1000000, name,
            ", ".join("%.1f" % (m / 1024) for m in most)),
            max(most) <= 20480)
    rows(b, n, programs[:4])


def rows(b, n, programs):
    """The most groups that agg held at the end of a batch."""
    progress = b.fresh("progress")
    b.chain([["bief", "run", " | ".join(map(shlex.join, programs)) +
        " --progress " + progress]], stdin=subprocess.DEVNULL)[0].wait()
    with open(progress) as lines:
        most = max(json.loads(line)["numRowsTotal"]
            for line in lines)
    os.unlink(progress)
    say("bounded", "at most %d groups, target 1000" % most, most < 1000)


ALL = (start, resident, latency, sliding, groups, checkpoint, bounded)


def run(all_of, what, scale, binaries, directory, generator, data):
    b = Bench(scale, binaries, directory, generator, data)
    print()
    for measure in all_of:
        if not what or measure.__name__ in what:
            measure(b)

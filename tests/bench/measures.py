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

import jobs

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


def started(b, words, env, piped):
    """Milliseconds from the start of a program on empty input to its end."""
    if piped:
        (r, w), (r2, w2) = os.pipe(), os.pipe()
        os.close(w)
    else:
        r, w2 = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull,
            os.O_WRONLY)
    began = time.monotonic()
    os.waitpid(os.posix_spawnp(words[0], words, env, file_actions=[
        (os.POSIX_SPAWN_DUP2, r, 0), (os.POSIX_SPAWN_DUP2, w2, 1)]), 0)
    took = (time.monotonic() - began) * 1000
    for fd in (r, w2) + ((r2,) if piped else ()):
        os.close(fd)
    return took


def start(b):
    """A program on empty input, against mawk; and between pipes, where it looks
    for neighbours and finds none.  All take turns, and the fastest tenth counts:
    what other work leaves alone."""
    programs = {w[0]: w for w in (["mawk", "{n++} END {print n}"],
        ["parse-json"], ["filter", ".x > 0"], ["agg", "--by", "gt", "count"])}
    text = dict(b.env, BIEF_FUSE="0")
    # posix_spawnp looks where we look.
    os.environ["PATH"] = b.env["PATH"]
    times = {name: ([], [], []) for name in programs}
    for _ in range(1000):
        for name, words in programs.items():
            for i, (env, piped) in enumerate(((b.env, False), (b.env, True),
                    (text, True))):
                times[name][i].append(started(b, words, env, piped))
    def fast(t):
        return sorted(t)[len(t) // 10]
    mawk = fast(times["mawk"][0])
    for name, (plain, piped, alone) in times.items():
        if name == "mawk":
            continue
        ratio = fast(plain) / mawk
        more = fast(piped) - fast(alone)
        say("start", "%s %.2f ms, mawk %.2f ms: %.2f x, target 1.5 x" %
            (name, fast(plain), mawk, ratio), ratio <= 1.5)
        say("start", "%s looks for neighbours for %.3f ms, target 0.1 ms" %
            (name, more), more <= 0.1)


def resident(b):
    """Programs without state, on lines of usual length."""
    lines = b.data("sensors", 100000)
    env, b.env = b.env, dict(b.env, BIEF_THREADS="1")
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
    b.env = env


def chained(b):
    """The same of each program of a pipeline, with records in its pipes."""
    env, b.env = b.env, dict(b.env, BIEF_THREADS="1")
    for kind, n, programs in (
            ("events", 1000000, [
                ["parse-json", "--schema", "time timestamp, action string"],
                ["window", "--on", "time", "--size", "1h"],
                ["filter", ".action == \"Open\""], ["pick", "time,action"]]),
            ("text", 20000000, [["parse-text"], ["explode", "value",
                "--split", " ", "--as", "w"], ["filter", ".w != \"a\""]])):
        lines = b.data(kind, n // b.scale)
        all_of = b.chain(programs, stdin=subprocess.PIPE)
        with open(lines, "rb") as f:
            shutil.copyfileobj(f, all_of[0].stdin)
        all_of[0].stdin.flush()
        time.sleep(0.5)
        most = [memory(p.pid) / 1024 for p in all_of]
        all_of[0].stdin.close()
        for p in all_of:
            p.wait()
        say("chained", "%s MB, target 4 MB" % ", ".join("%s %.1f" %
            (w[0], m) for w, m in zip(programs, most)), max(most) <= 4)
    b.env = env


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


def passing(b, commands, env, rate, seconds):
    """Milliseconds that each record takes through these, at so many a second,
    sorted.  What has come before has made rings of their pipes."""
    before, n = 30000, max(int(rate * seconds), 3)
    sent, got = [0] * n, [0] * n
    was, b.env = b.env, env
    all_of = b.chain(commands, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    b.env = was
    ready = threading.Event()

    def read():
        at = -before
        while at < n:
            block = os.read(all_of[-1].stdout.fileno(), 1 << 16)
            now = time.monotonic()
            for i in range(max(at, 0), min(at + block.count(b"\n"), n)):
                got[i] = now
            at += block.count(b"\n")
            if at >= 0:
                ready.set()
            if not block:
                break
    reader = threading.Thread(target=read)
    reader.start()
    w = all_of[0].stdin
    w.write(b"".join(b'{"n":%d}\n' % i for i in range(before)))
    w.flush()
    ready.wait()
    began = time.monotonic()
    for i in range(n):
        time.sleep(max(began + i / rate - time.monotonic(), 0))
        sent[i] = time.monotonic()
        os.write(w.fileno(), b'{"n":%d}\n' % i)
    reader.join()
    w.close()
    for p in all_of:
        p.wait()
    return sorted((g - s) * 1000 for s, g in zip(sent, got))


def through(b):
    """Five programs against one that is given text, at several rates."""
    one = [["filter", ".n >= 0"]]
    five = [["parse-json"], ["filter", ".n >= 0"], ["derive", "m=.n"],
        ["pick", "n,m"], ["filter", ".m >= 0"]]
    for rate, seconds in ((1, 8), (100, 5), (10000, 3)):
        alone = passing(b, one, dict(b.env, BIEF_FUSE="0"), rate, seconds)
        took = passing(b, five, b.env, rate, seconds)
        median = statistics.median(took)
        target = 2 * statistics.median(alone)
        say("through", "%d a second: five programs median %.3f ms, 90 %% %.3f "
            "ms, 99 %% %.3f ms; one %.3f ms: %.1f x, target 2 x" %
            (rate, median, took[int(len(took) * 0.9)],
            took[int(len(took) * 0.99)], target / 2, median / target * 2),
            median <= target)


def eight(b):
    """Processor seconds of eight threads against those of one."""
    for job in jobs.ALL:
        if job["name"] not in ("J1", "J2", "J3", "J4", "J5"):
            continue
        path = b.data(job["data"], {"events": 2500000, "sensors": 750000,
            "text": 50000000}[job["data"]] // b.scale)
        pipeline = (job["source"] + " | " + job["rest"]).replace("FILE", path) \
            .replace("USERS", os.path.join(b.dir, "users.csv"))
        cpu = {1: [], 8: []}
        for _ in range(7):
            for n in cpu:
                cpu[n].append(b.bash("bief run --threads %d %s 2>/dev/null" %
                    (n, shlex.quote(pipeline)))[1])
        one, many = (statistics.median(c) for c in cpu.values())
        say("eight", "%s: %.2f s of cpu, one thread %.2f s: %.2f x, target "
            "1.15 x" % (job["name"], many, one, many / one),
            many <= 1.15 * one)


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


ALL = (start, resident, chained, latency, through, eight, sliding, groups,
    checkpoint, bounded)


def run(all_of, what, scale, binaries, directory, generator, data):
    b = Bench(scale, binaries, directory, generator, data)
    print()
    for measure in all_of:
        if not what or measure.__name__ in what:
            measure(b)

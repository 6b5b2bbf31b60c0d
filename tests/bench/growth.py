"""How cost grows: with the keys that are kept, and with what changes."""
import os
import resource
import shlex
import statistics
import subprocess
import time

from measures import say

SIZES = (10000, 100000, 1000000)
VISITS = "stream-files %s | parse-json --schema 't timestamp, k bigint'"


def cpu_of(b, pipeline, stdin=subprocess.DEVNULL):
    """Processor seconds of a pipeline in one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["bief", "run", pipeline], check=True, env=b.env,
        cwd=b.dir, stdin=stdin, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + \
        after.ru_stime - before.ru_stime


def median_cpu(b, pipeline, times):
    return statistics.median(cpu_of(b, pipeline) for _ in range(times))


def stateful(f, g, delay="30d"):
    """What keeps a key for each of a file's: name, pipeline."""
    one = VISITS % f + " | watermark --on t --delay %s" % delay
    two = VISITS % g + " | watermark --on t --delay %s" % delay
    join = "join-stream <(%s) <(%s) --on k" % (one, two)
    near = " --where 'right.t between left.t - interval 2 days and " \
        "left.t + interval 2 days'"
    return {
        "groups": one + " | window --on t --size 30d | agg --by k count",
        "sessions": one + " | window --on t --session 2d | agg --by k count",
        "dedup": one + " | dedup --by k --within-watermark",
        "join": join,
        "join, times": join + near,
        "join, left": join + near + " --how left",
    }


def keys(b):
    """What a record costs with so many keys alive, each of them met twice."""
    cost = {}
    for n in (s // b.scale for s in SIZES):
        twice, once = b.data("visits", 2 * n, n), b.data("visits", n, n)
        for name, p in stateful(twice, once).items():
            if name.startswith("join"):
                p = p.replace(twice, once)
            empty = p.replace(twice, "/dev/null").replace(once, "/dev/null")
            cpu = median_cpu(b, p, 3 if n > 100000 else 9) - \
                median_cpu(b, empty, 9)
            cost.setdefault(name, []).append(cpu / (2 * n) * 1e9)
    for name, c in cost.items():
        say("keys", "%s: %s ns a record with %s keys: %.2f x, target 2 x" % (
            name, ", ".join("%.0f" % x for x in c),
            ", ".join(str(s // b.scale) for s in SIZES), c[-1] / c[0]),
            c[-1] <= 2 * c[0])


def closing(b):
    """What a key costs when all of so many are forgotten at once."""
    cost = {}
    for n in (s // b.scale for s in SIZES):
        all_of, ahead = b.data("visits", n, n), os.path.join(b.dir, "ahead")
        with open(ahead, "w") as f:
            f.write('{"t":2000000000,"k":0}\n')
        for name, p in stateful(all_of, all_of).items():
            if name == "join":  # nothing is forgotten
                continue
            if name == "groups":
                p += " --mode append"
            # The file that comes second makes a batch of its own.
            p = p.replace(all_of, "--trigger available-now --max-files 1 "
                "%s AHEAD" % all_of)
            times = 3 if n > 100000 else 9
            cpu = median_cpu(b, p.replace("AHEAD", ahead), times) - \
                median_cpu(b, p.replace("AHEAD", ""), times)
            cost.setdefault(name, []).append(
                cpu / (n * (2 if name.startswith("join") else 1)) * 1e9)
    for name, c in cost.items():
        say("closing", "%s: %s ns each of %s keys" % (
            name, ", ".join("%.0f" % x for x in c),
            ", ".join(str(s // b.scale) for s in SIZES)))


def steady(b):
    """Batches of 1000 records, as many keys forgotten as come."""
    n, cost = 2000000 // b.scale, {}
    f = b.data("visits", n, n)
    kept = [x // b.scale for x in (1000, 1000000)]
    for live in kept:
        one = VISITS % ("--trigger available-now --max-records 1000 " + f) + \
            " | watermark --on t --delay %dms" % (live * 86400000 // n)
        join = "join-stream <(%s) <(%s) --on k --where 'right.t between " \
            "left.t and left.t + interval 1 second' --how left" % (one, one)
        for name, p in (
                ("groups", one + " | window --on t --size 1s | "
                    "agg --by k count --mode append"),
                ("sessions", one + " | window --on t --session 1s | "
                    "agg --by k count"),
                ("dedup", one + " | dedup --by k --within-watermark"),
                ("join", join)):
            cost.setdefault(name, []).append(median_cpu(b, p, 3) / n * 1e9)
    for name, c in cost.items():
        say("steady", "%s: %s ns a record, with %s keys kept: %.2f x, "
            "target 2 x" % (name, ", ".join("%.0f" % x for x in c),
            ", ".join(map(str, kept)), c[1] / c[0]), c[1] <= 2 * c[0])


def kept_groups(b, n, more):
    """A directory of a file with n keys, and more files with 100 of them:
    neighbours, so that the table has few pages to change."""
    path = os.path.join(b.dir, "changes-%d-%d" % (n, more))
    if os.path.isdir(path):
        return path
    os.mkdir(path)
    for i in range(more + 1):
        lines = range(n) if i == 0 else (
            (i * 100 + j) % n for j in range(100))
        with open(os.path.join(path, "%05d" % i), "w") as f:
            f.writelines('{"k":%d,"x":1}\n' % k for k in lines)
    return path


def counted(b, path, again=False):
    """Processor seconds, bytes written and seconds of a run over the files,
    one in each batch, into a table."""
    if not again:
        b.fresh("ck")
        os.makedirs(b.fresh("table"))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), \
        time.monotonic()
    subprocess.run(["bief", "run", "stream-files --max-files 1 %s %s | "
        "parse-json --schema 'k bigint, x bigint' | agg --by k count sum:x | "
        "sink-table --db table/t.db --table t --mode update" %
        ("--checkpoint ck", path)], check=True, env=b.env, cwd=b.dir, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime -
        before.ru_stime, (after.ru_oublock - before.ru_oublock) * 512,
        time.monotonic() - began)


def changed(b):
    """What a batch costs that changes 100 of so many groups."""
    batches, few = 300, 1000
    cost = {}
    for n in (few, 1000000 // b.scale):
        runs = [counted(b, kept_groups(b, n, more)) for more in (0, batches)
            for _ in range(3 if n > few else 5)]
        half = len(runs) // 2
        cost[n] = [(statistics.median(r[i] for r in runs[half:]) -
            statistics.median(r[i] for r in runs[:half])) / batches
            for i in range(2)]
    n = max(cost)
    for i, (what, unit) in enumerate((("cpu", "us"), ("written", "KB"))):
        scale = 1e6 if i == 0 else 1e-3
        say("changed", "%s a batch with a checkpoint: %.0f %s of %d groups, "
            "%.0f of %d: %.2f x" % (what, cost[n][i] * scale, unit, n,
            cost[few][i] * scale, few, cost[n][i] / cost[few][i]))


def restart(b):
    """From the start to the end of a batch, when there are many groups."""
    n, times = 1000000 // b.scale, []
    path = kept_groups(b, n, 300)
    counted(b, path)
    for i in range(5):
        with open(os.path.join(path, "new-%d" % i), "w") as f:
            f.write('{"k":%d,"x":1}\n' % i)
        times.append(counted(b, path, True)[2])
    for i in range(5):
        os.unlink(os.path.join(path, "new-%d" % i))
    say("restart", "%.2f s, most %.2f s with %d groups and a new record, "
        "target 2 s" % (statistics.median(times), max(times), n),
        statistics.median(times) <= 2)


ALL = (keys, closing, steady, changed, restart)

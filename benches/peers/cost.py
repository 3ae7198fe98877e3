"""What a program costs, in the line that `Cost::parse` reads: records, wall and CPU seconds, peak memory in MiB."""

import resource
import time

START = time.perf_counter()


def say(records):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(one.ru_utime + one.ru_stime for one in (usage, children))
    print(records, time.perf_counter() - START, cpu, usage.ru_maxrss / 1024)

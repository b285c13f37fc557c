"""Runs cases and prints a line for each: `ok NAME` or `not ok NAME: why`. And what every client's cases need."""

import asyncio
import contextlib
import inspect
import itertools
import os
import sys
import threading
import time
import traceback
import urllib.request

CASE_S = 90
PATIENCE_S = 60

# A suite can be run again on the same server.
numbers, started = itertools.count(1), int(time.time() * 1000)


def bootstrap():
    return sys.argv[1]


def fresh(prefix):
    """A name that nothing has."""
    return f"{prefix}-{started:x}-{next(numbers)}"


def run(cases):
    """Runs functions in order, each with a limit; their docstring is their name."""
    for case in cases:
        name = case.__doc__.strip()
        # For trying out some of them: a part of their names.
        if os.environ.get("ONLY", "") not in name:
            continue
        failure = [f"nothing came within {CASE_S} s"]

        def work(case=case, failure=failure):
            try:
                outcome = case()
                if inspect.iscoroutine(outcome):
                    asyncio.run(outcome)
                failure[0] = None
            except Exception as error:
                traceback.print_exc()
                failure[0] = f"{type(error).__name__} {error}".splitlines()[0]

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(CASE_S)
        print(f"ok {name}" if failure[0] is None else f"not ok {name}: {failure[0]}", flush=True)


def each(case, names):
    """A case for each name, which is its argument; `{}` in its docstring is the name."""

    def of(name):
        one = lambda: case(name)
        one.__doc__ = case.__doc__.format(name)
        return one

    return [of(name) for name in names]


def until(holds, what="it"):
    """Asks until it holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.05)


@contextlib.contextmanager
def refused(word):
    """That what is in it fails, and for a reason that holds this word."""
    try:
        yield
    except Exception as error:
        assert word in repr(error), f"{word} was expected, found {error!r}"
    else:
        raise AssertionError(f"{word} was expected, but it worked")


def order(broker, what):
    """To the server itself: tests/conformance/README.md."""
    url = f"http://{os.environ['KONBINI_CONTROL']}/brokers/{broker}/{what}"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"))

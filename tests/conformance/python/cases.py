"""Runs cases and prints a line for each: `ok NAME` or `not ok NAME: why`."""

import sys
import threading
import traceback

CASE_S = 90


def bootstrap():
    return sys.argv[1]


def run(cases):
    """Runs functions in order, each with a limit; their docstring is their name."""
    for case in cases:
        failure = [f"nothing came within {CASE_S} s"]

        def work(case=case, failure=failure):
            try:
                case()
                failure[0] = None
            except Exception as error:
                traceback.print_exc()
                failure[0] = f"{type(error).__name__} {error}".splitlines()[0]

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(CASE_S)
        name = case.__doc__.strip()
        print(f"ok {name}" if failure[0] is None else f"not ok {name}: {failure[0]}", flush=True)

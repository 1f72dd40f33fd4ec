# Stacks of many shapes: those that its arguments name, one after the other, each for as many seconds as the first says.
import functools
import sys
import threading
import time

END = 0


def spin(count=2000):
    total = 0
    for number in range(count):
        total += number
    return total


def recursion():
    def deeper(depth):
        if depth == 0:
            return spin()
        return deeper(depth - 1)

    while time.monotonic() < END:
        deeper(60)


def generators():
    def inner():
        while True:
            yield spin()

    def outer():
        yield from inner()

    for _ in outer():
        if time.monotonic() >= END:
            return


def callbacks():
    def key_of(number):
        return spin(500) + number

    while time.monotonic() < END:
        sorted(range(20), key=key_of)


def partials():
    def reduce_step(total, number):
        return total + spin(500) + number

    step = functools.partial(functools.reduce, reduce_step)
    while time.monotonic() < END:
        step(range(20))


def exceptions():
    def raises():
        spin(100)
        raise ValueError

    while time.monotonic() < END:
        for _ in range(100):
            try:
                raises()
            except ValueError:
                pass


def threads():
    def in_thread():
        while time.monotonic() < END:
            spin()

    started = [threading.Thread(target=in_thread) for _ in range(4)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def churn():
    """Code that is made, run and freed: each in a file of its own, at the addresses of the ones before."""
    number = 0
    while time.monotonic() < END:
        number += 1
        space = {"spin": spin}
        source = f"def made_{number % 50}():\n    return spin(3000)\nmade_{number % 50}()\n"
        exec(compile(source, f"/generated/{number % 50}.py", "exec"), space)


for shape in sys.argv[2:]:
    END = time.monotonic() + float(sys.argv[1])
    globals()[shape]()

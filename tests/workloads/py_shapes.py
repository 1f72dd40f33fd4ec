# Stacks of many shapes: those that its arguments name, one after the other, each for as many seconds as the first says.
import _ctypes
import functools
import sys
import threading
import time

if "coroutines" in sys.argv:
    # It takes longer than its shape has.
    import asyncio

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


def native_callbacks():
    """qsort() of the C library calls back, through libffi."""

    class Int(_ctypes._SimpleCData):
        _type_ = "i"

    class Size(_ctypes._SimpleCData):
        _type_ = "L"

    class Pointer(_ctypes._SimpleCData):
        _type_ = "P"

    class Items(_ctypes.Array):
        _type_ = Int
        _length_ = 20

    class Compare(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL
        _argtypes_ = (Pointer, Pointer)
        _restype_ = Int

    class Sort(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL
        _argtypes_ = (Items, Size, Size, Compare)
        _restype_ = None

    def compare(left, right):
        spin(500)
        return 1 if left > right else -1

    compare_back = Compare(compare)
    qsort = Sort(_ctypes.dlsym(_ctypes.dlopen(None, 0), "qsort"))
    while time.monotonic() < END:
        qsort(Items(*range(20, 0, -1)), 20, _ctypes.sizeof(Int), compare_back)


def handlers():
    """An extension module with a library in it calls back: expat, for each element."""
    import pyexpat

    def on_element(name, attributes):
        spin(500)

    while time.monotonic() < END:
        parser = pyexpat.ParserCreate()
        parser.StartElementHandler = on_element
        parser.Parse("<a>" + "<b/>" * 20 + "</a>", True)


def recurse(depth):
    """So many calls deep."""

    def deeper(depth):
        if depth == 0:
            return spin(20000)
        return deeper(depth - 1)

    sys.setrecursionlimit(3000)
    while time.monotonic() < END:
        deeper(depth)


def deep():
    recurse(900)


def half_deep():
    recurse(500)


def deepest():
    """More than a stack has room for."""
    recurse(1300)


def mixed():
    """Python and native code in turns, which call each other through ctypes."""
    from ctypes import CFUNCTYPE, c_int

    def down(depth):
        if depth == 0:
            spin(20000)
            return 0
        return back(depth - 1)

    back = CFUNCTYPE(c_int, c_int)(down)
    # Where a library is that nobody knows yet the stack is copied, and one this deep is larger than a copy.
    known = time.process_time() + 0.7
    while time.process_time() < known:
        down(1)
    end = time.process_time() + float(sys.argv[1])
    while time.process_time() < end:
        down(80)


def coroutines():
    async def step():
        return spin()

    async def steps():
        while time.monotonic() < END:
            await step()
            await asyncio.sleep(0)

    asyncio.run(steps())


def subinterpreters():
    """Code of another interpreter of the same process, since 3.12."""
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    source = f"""
import time
def spin(count=2000):
    total = 0
    for number in range(count):
        total += number
def in_interpreter():
    while time.monotonic() < {END}:
        spin()
in_interpreter()
"""
    interpreters.run_string(interpreters.create(), source)


def switches():
    """greenlet, if it is installed: each has a stack of its own, and what runs one stands below it."""
    from greenlet import greenlet

    def in_greenlet():
        while time.monotonic() < END:
            spin()
            main.switch()

    main = greenlet.getcurrent()
    other = greenlet(in_greenlet)
    while time.monotonic() < END:
        other.switch()


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

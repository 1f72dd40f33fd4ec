# What a program of freeze-core runs, which is CPython without its library: a script, or `-c SOURCE`, with arguments. The
# library is another version's, so what it does not have of its own is left out.
import sys


def run(_name=""):
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__name__ != "FrozenImporter"]
    import warnings

    warnings.simplefilter("ignore")
    sys.modules["_asyncio"] = None
    sys.argv.pop(0)
    main = sys.modules["__main__"].__dict__
    path = sys.argv[0]
    if path == "-c":
        path, source = "<string>", sys.argv.pop(1)
    else:
        with open(path) as file:
            source = file.read()
        main["__file__"] = path
    exec(compile(source, path, "exec"), main)


def init():
    pass

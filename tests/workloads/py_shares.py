# Known shares: 60 % in `heavy`, 40 % in `light`, each by its own CPU time, for so many seconds.
import sys
import time


def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(200))


def heavy():
    burn(0.006)


class Light:
    def run(self):
        burn(0.004)


def main(seconds):
    light = Light()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        heavy()
        light.run()


main(float(sys.argv[1]))

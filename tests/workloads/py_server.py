# Prefork, as servers do it: workers are forked from a process that has imported everything, and handle their share of
# work by threads. For so many seconds; each worker says its pid.
import os
import sys
import threading
import time


def spin(count=2000):
    total = 0
    for number in range(count):
        total += number
    return total


class Worker:
    def __init__(self, end):
        self.end = end

    def handle_request(self):
        return spin()

    def serve(self):
        while time.monotonic() < self.end:
            self.handle_request()

    def run(self):
        threads = [threading.Thread(target=self.serve) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def spawn_worker(end):
    pid = os.fork()
    if pid == 0:
        Worker(end).run()
        os._exit(0)
    return pid


def main(seconds, workers):
    end = time.monotonic() + seconds
    for pid in [spawn_worker(end) for _ in range(workers)]:
        os.waitpid(pid, 0)


main(float(sys.argv[1]), int(sys.argv[2]))

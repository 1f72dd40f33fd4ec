# Work of fixed size, so many calls deep, once somebody has written a line to it: says how much CPU time that took.
# Arguments: depth, rounds.
import sys
import time


def spin(rounds):
    total = 0
    for number in range(rounds):
        total += number & 7
    return total


def deeper(depth, rounds):
    if depth <= 1:
        return spin(rounds)
    return deeper(depth - 1, rounds)


sys.stdin.readline()
begun = time.process_time()
deeper(int(sys.argv[1]), int(sys.argv[2]))
print(time.process_time() - begun)

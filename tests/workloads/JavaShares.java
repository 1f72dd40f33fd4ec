// Two functions that share a thread's time as 60 to 40: JavaShares SECONDS.
public final class JavaShares {
  static long sink;

  static long burn(long rounds, long seed) {
    long x = seed;
    for (long i = 0; i < rounds; i++) {
      x ^= x << 13;
      x ^= x >>> 7;
      x ^= x << 17;
    }
    return x;
  }

  static void heavy() {
    sink += burn(60_000, sink | 1);
  }

  static final class Light {
    static void run() {
      sink += burn(40_000, sink | 1);
    }
  }

  public static void main(String[] arguments) {
    double seconds = Double.parseDouble(arguments[0]);
    long end = System.nanoTime() + (long) (seconds * 1e9);
    while (System.nanoTime() < end) {
      heavy();
      Light.run();
    }
    if (sink == 42) System.out.println(sink);
  }
}

// Calls of every kind, for whoever walks stacks: JavaShapes SECONDS SHAPE... runs each shape so long. All end in spin().
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

public final class JavaShapes {
  static volatile long sink;

  static long spin(long seed) {
    long x = seed | 1;
    for (int i = 0; i < 400; i++) {
      x ^= x << 13;
      x ^= x >>> 7;
      x ^= x << 17;
    }
    return x;
  }

  // Small enough to be inlined by every compiler.
  static long first(long x) {
    return second(x) + 1;
  }

  static long second(long x) {
    return third(x) + 2;
  }

  static long third(long x) {
    return spin(x) + 3;
  }

  static void inlined() {
    sink += first(sink);
  }

  static long deeper(int depth, long x) {
    return depth == 0 ? spin(x) : deeper(depth - 1, x + depth) ^ 1;
  }

  static void recursion() {
    sink += deeper(40, sink);
  }

  static void lambdas() {
    IntUnaryOperator operator = value -> (int) spin(value);
    sink += operator.applyAsInt((int) sink);
  }

  static void streams() {
    sink += IntStream.range(0, 20).mapToLong(value -> spin(value)).sum();
  }

  interface Animal {
    long speak(long x);
  }

  static final class Cat implements Animal {
    public long speak(long x) {
      return spin(x);
    }
  }

  static final class Dog implements Animal {
    public long speak(long x) {
      return spin(x + 1);
    }
  }

  static final class Cow implements Animal {
    public long speak(long x) {
      return spin(x + 2);
    }
  }

  static final Animal[] ANIMALS = {new Cat(), new Dog(), new Cow()};

  static void interfaces() {
    for (Animal animal : ANIMALS) sink += animal.speak(sink);
  }

  static void raises(long x) {
    if (spin(x) != 0) throw new IllegalStateException("made for the test");
  }

  static void exceptions() {
    try {
      raises(sink);
    } catch (IllegalStateException error) {
      sink += spin(error.getMessage().length());
    }
  }

  public static void reflected() {
    sink += spin(sink);
  }

  static void reflection() throws Exception {
    Method method = JavaShapes.class.getMethod("reflected");
    for (int i = 0; i < 10; i++) method.invoke(null);
  }

  static void sorting() {
    Integer[] values = new Integer[64];
    for (int i = 0; i < values.length; i++) values[i] = (int) (sink * 31 + i * 7919);
    Arrays.sort(values, (a, b) -> Long.compare(spin(a), spin(b)));
    sink += values[0];
  }

  static void threads() throws Exception {
    Thread thread = new Thread(JavaShapes::inThread);
    thread.start();
    thread.join();
  }

  static void inThread() {
    for (int i = 0; i < 20_000; i++) sink += spin(i);
  }

  static void copies() {
    byte[] from = new byte[100_000];
    byte[] to = new byte[100_000];
    for (int i = 0; i < 20; i++) System.arraycopy(from, 0, to, i, from.length - 20);
    sink += to[7] + new String(to, 0, 100).hashCode();
  }

  static void run(String shape) throws Exception {
    switch (shape) {
      case "inlined": inlined(); break;
      case "recursion": recursion(); break;
      case "lambdas": lambdas(); break;
      case "streams": streams(); break;
      case "interfaces": interfaces(); break;
      case "exceptions": exceptions(); break;
      case "reflection": reflection(); break;
      case "sorting": sorting(); break;
      case "threads": threads(); break;
      case "copies": copies(); break;
      default: throw new IllegalArgumentException(shape);
    }
  }

  public static void main(String[] arguments) throws Exception {
    for (int i = 1; i < arguments.length; i++) {
      long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
      while (System.nanoTime() < end) run(arguments[i]);
    }
  }
}

// Classes that are loaded, run and unloaded, so that others get their addresses: JavaChurn SECONDS. Each has a number in
// the names of itself and of its methods.
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.lang.reflect.Constructor;

public final class JavaChurn {
  public interface Job {
    long run(long x);
  }

  static final class Loader extends ClassLoader {
    final byte[] made;

    Loader(byte[] made) {
      super(JavaChurn.class.getClassLoader());
      this.made = made;
    }

    @Override
    public Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      return name.startsWith("Made") ? defineClass(name, made, 0, made.length) : super.loadClass(name, resolve);
    }
  }

  static byte[] template() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (InputStream from = JavaChurn.class.getResourceAsStream("Made0000.class")) {
      for (int next = from.read(); next >= 0; next = from.read()) bytes.write(next);
    }
    return bytes.toByteArray();
  }

  static byte[] numbered(byte[] template, String number) {
    byte[] own = template.clone();
    for (int at = 0; at + 4 <= own.length; at++)
      if (own[at] == '0' && own[at + 1] == '0' && own[at + 2] == '0' && own[at + 3] == '0')
        for (int digit = 0; digit < 4; digit++) own[at + digit] = (byte) number.charAt(digit);
    return own;
  }

  public static void main(String[] arguments) throws Exception {
    byte[] template = template();
    long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
    long sink = 0;
    for (int made = 1; System.nanoTime() < end; made++) {
      String number = String.format("%04d", made % 10_000);
      Class<?> type = new Loader(numbered(template, number)).loadClass("Made" + number);
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      Job job = (Job) constructor.newInstance();
      for (int i = 0; i < 300; i++) sink += job.run(i);
      if (made % 200 == 0) System.gc();
    }
    if (sink == 42) System.out.println(sink);
  }
}

final class Made0000 implements JavaChurn.Job {
  public long run(long x) {
    return made_0000(x);
  }

  static long made_0000(long x) {
    long y = x | 1;
    for (int i = 0; i < 200; i++) {
      y ^= y << 13;
      y ^= y >>> 7;
    }
    return y;
  }
}

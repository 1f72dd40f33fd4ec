// Calls through what is not Java's own stack: JavaCalls LIBRARY SECONDS SHAPE... runs each shape so long. All end in spin().
//
//   jni      a native method that calls back (java_calls.c)
//   virtual  virtual threads, since 21: by reflection, so that any compiler takes it
import java.lang.reflect.Method;

public final class JavaCalls {
  static volatile long sink;
  static volatile long end;

  static void spin() {
    long x = sink | 1;
    for (int i = 0; i < 20000; i++) {
      x ^= x << 13;
      x ^= x >>> 7;
      x ^= x << 17;
    }
    sink = x;
  }

  static native void callBack(int times);

  static void jni() {
    while (System.nanoTime() < end) callBack(20);
  }

  static void inVirtual() {
    while (System.nanoTime() < end) {
      spin();
      Thread.yield();
    }
  }

  static void virtual() throws Exception {
    Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
    Thread[] threads = new Thread[3];
    Runnable run = JavaCalls::inVirtual;
    for (int i = 0; i < threads.length; i++) threads[i] = (Thread) start.invoke(null, run);
    for (Thread thread : threads) thread.join();
  }

  public static void main(String[] args) throws Exception {
    System.load(args[0]);
    for (int i = 2; i < args.length; i++) {
      end = System.nanoTime() + (long) (1e9 * Double.parseDouble(args[1]));
      if (args[i].equals("jni")) jni();
      else virtual();
    }
  }
}

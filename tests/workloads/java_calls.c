/* The native method of JavaCalls.java: calls spin() back, so many times. */
#include <jni.h>

__attribute__((noinline)) static void call_back(JNIEnv *env, jclass class, jmethodID spin)
{
	(*env)->CallStaticVoidMethod(env, class, spin);
	__asm__ volatile("" ::: "memory");
}

JNIEXPORT void JNICALL Java_JavaCalls_callBack(JNIEnv *env, jclass class, jint times)
{
	jmethodID spin = (*env)->GetStaticMethodID(env, class, "spin", "()V");

	for (jint i = 0; i < times; i++)
		call_back(env, class, spin);
}

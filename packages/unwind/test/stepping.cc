// Runs workloads with the trap flag set, so that a SIGTRAP arrives after every instruction, and
// records for each instruction met for the first time: registers, stack memory, and what the C
// library's own unwinder says the stack is. Writes PATH (samples), PATH.maps and PATH.vdso.
//
// A sample is 64-bit words: 17 registers in DWARF order, the address of the first stack byte, the
// number of stack bytes, the number of frames, the frames; then the stack bytes.

#include <alloca.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#define NOINLINE __attribute__((noinline))

// The flag is set by one popf and cleared by another; kernel and libc leave it alone. Functions of
// their own, so that the two words on the stack are in the call frame information.
#define FLAG_FUNCTION(name, change)                                                            \
  __asm__(".text\n.type " name ", @function\n" name ":\n.cfi_startproc\n"                      \
          "pushfq\n.cfi_adjust_cfa_offset 8\n" change "\n"                                    \
          "popfq\n.cfi_adjust_cfa_offset -8\nret\n.cfi_endproc\n.size " name ", .-" name "\n")
FLAG_FUNCTION("start_stepping", "orq $0x100, (%rsp)");
FLAG_FUNCTION("stop_stepping", "andq $~0x100, (%rsp)");
extern "C" void start_stepping();
extern "C" void stop_stepping();

namespace {

constexpr size_t kBufferBytes = size_t(1) << 30;
constexpr size_t kSeen = 1 << 20;
constexpr int kMaxFrames = 256;
constexpr int kRedZone = 128;

uint8_t *buffer;
size_t used;
uint64_t *seen;
thread_local uintptr_t stack_top;
volatile uint64_t sink;

// The unwinder of exceptions changes stacks with instructions that its own call frame information
// does not describe; asked about its last few, backtrace() crashes.
uint64_t unwinder_start, unwinder_end;

int find_unwinder(struct dl_phdr_info *info, size_t, void *) {
  if (strstr(info->dlpi_name, "libgcc_s") == nullptr) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) &header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    unwinder_start = info->dlpi_addr + header.p_vaddr;
    unwinder_end = unwinder_start + header.p_memsz;
  }
  return 1;
}

// Deep stacks are asked about rarely: most instructions of a recursion look alike.
bool first_time(uint64_t pc) {
  for (uint64_t slot = (pc * 0x9e3779b97f4a7c15u) >> 44;; slot++) {
    uint64_t &entry = seen[slot & (kSeen - 1)];
    if (entry == pc) return false;
    if (entry == 0) {
      entry = pc;
      return true;
    }
  }
}

void put(uint64_t word) {
  memcpy(buffer + used, &word, 8);
  used += 8;
}

void on_trap(int, siginfo_t *, void *context) {
  static const int dwarf_order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                    REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  const greg_t *gregs = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  const uint64_t pc = gregs[REG_RIP];
  const uint64_t start = gregs[REG_RSP] - kRedZone;
  if (stack_top == 0 || start >= stack_top || !first_time(pc)) return;
  if (pc >= unwinder_start && pc < unwinder_end) return;
  if (used + 2 * (stack_top - start) + (1 << 16) > kBufferBytes) return;
  void *frames[kMaxFrames];
  const int count = backtrace(frames, kMaxFrames);
  int from = 0;
  while (from < count && reinterpret_cast<uint64_t>(frames[from]) != pc) from++;
  for (int reg : dwarf_order) put(gregs[reg]);
  put(start);
  put(stack_top - start);
  put(count - from);
  for (int i = from; i < count; i++) put(reinterpret_cast<uint64_t>(frames[i]));
  memcpy(buffer + used, reinterpret_cast<void *>(start), stack_top - start);
  used += (stack_top - start + 7) & ~size_t(7);
}

NOINLINE uint64_t with_alloca(int n) {
  char *memory = static_cast<char *>(alloca(16 * n + 1));
  memset(memory, n, 16 * n + 1);
  return memory[n] + (n > 1 ? with_alloca(n - 1) : 0);
}

NOINLINE uint64_t realigned(int n) {
  alignas(64) volatile char memory[128];
  for (int i = 0; i < 128; i++) memory[i] = n + i;
  return memory[n & 127] + with_alloca(n & 3);
}

// Through a pointer: a compiler that sees the recursion turns ten levels of it into one.
uint64_t recurse(int n, uint64_t a, uint64_t b);
uint64_t (*volatile deeper)(int, uint64_t, uint64_t) = recurse;

NOINLINE uint64_t recurse(int n, uint64_t a, uint64_t b) {
  if (n == 0) return realigned(static_cast<int>(a & 15) + 1);
  uint64_t r = deeper(n - 1, a * 3 + b, b ^ (a >> 3));
  return r + a * b + n;
}

struct Guard {
  uint64_t value;
  NOINLINE ~Guard() { sink += value; }
};

NOINLINE uint64_t thrower(int n) {
  Guard guard{static_cast<uint64_t>(n)};
  if (n == 0) throw std::runtime_error(std::string("thrown ") + std::to_string(n));
  return thrower(n - 1) + guard.value;
}

NOINLINE uint64_t catcher(int n) {
  try {
    return thrower(n);
  } catch (const std::runtime_error &error) {
    return strlen(error.what());
  }
}

NOINLINE int compare(const void *a, const void *b) {
  return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

NOINLINE uint64_t library_calls() {
  int numbers[40];
  for (int i = 0; i < 40; i++) numbers[i] = (i * 7919) % 101;
  qsort(numbers, 40, sizeof numbers[0], compare);
  std::vector<std::string> words;
  for (int number : numbers) words.push_back(std::to_string(number) + " is a number");
  std::sort(words.begin(), words.end());
  char text[200];
  snprintf(text, sizeof text, "%s %f %d %p", words[0].c_str(), 1.5 * numbers[3], numbers[5],
           static_cast<void *>(text));
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return strlen(text) + now.tv_nsec + strtoul("12345", nullptr, 10) + (getenv("HOME") != nullptr);
}

void on_signal(int) { sink += recurse(5, 1, 2); }

NOINLINE uint64_t interrupted(int n) {
  raise(SIGUSR1);
  return n + 1;
}

NOINLINE uint64_t on_other_stack(int n) {
  raise(SIGUSR2);
  return n + 2;
}

NOINLINE uint64_t jumps() {
  ucontext_t context;
  volatile int rounds = 0;
  getcontext(&context);
  if (rounds++ < 1) setcontext(&context);
  return rounds;
}

NOINLINE uint64_t open_library() {
  void *library = dlopen("libm.so.6", RTLD_LAZY);
  if (library == nullptr) return 1;
  auto cosine = reinterpret_cast<double (*)(double)>(dlsym(library, "cos"));
  uint64_t result = cosine == nullptr ? 2 : static_cast<uint64_t>(1000 * cosine(0.5));
  dlclose(library);
  return result;
}

NOINLINE void work() {
  sink += recurse(100, 3, 5);
  sink += catcher(6);
  sink += library_calls();
  sink += interrupted(1);
  sink += on_other_stack(1);
  sink += jumps();
  sink += open_library();
}

void *in_thread(void *) {
  pthread_attr_t attributes;
  void *bottom;
  size_t size;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &bottom, &size);
  pthread_attr_destroy(&attributes);
  stack_top = reinterpret_cast<uintptr_t>(bottom) + size;
  memset(seen, 0, kSeen * sizeof *seen);
  start_stepping();
  sink += catcher(3);
  sink += recurse(20, 1, 1);
  stop_stepping();
  return nullptr;
}

void save(const std::string &path, const void *bytes, size_t size) {
  FILE *file = fopen(path.c_str(), "wb");
  if (file == nullptr || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) abort();
}

void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  if (sigaction(signal, &action, nullptr) != 0) abort();
}

}  // namespace

extern "C" void *__libc_stack_end;

int main(int, char **argv) {
  buffer = static_cast<uint8_t *>(mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  seen = static_cast<uint64_t *>(calloc(kSeen, sizeof *seen));
  void *warm[4];
  backtrace(warm, 4);  // loads libgcc_s now, not inside the handler
  dl_iterate_phdr(find_unwinder, nullptr);
  stack_t other = {};
  other.ss_size = 1 << 16;
  other.ss_sp = malloc(other.ss_size);
  sigaltstack(&other, nullptr);
  handle(SIGTRAP, on_trap, 0);
  handle(SIGUSR1, [](int signal, siginfo_t *, void *) { on_signal(signal); }, 0);
  // Its handler's frames lie on the other stack, outside of what a sample records.
  handle(SIGUSR2, [](int signal, siginfo_t *, void *) { on_signal(signal); }, SA_ONSTACK);
  stack_top = reinterpret_cast<uintptr_t>(__libc_stack_end) + 64;

  start_stepping();
  work();
  stop_stepping();

  pthread_t thread;
  if (pthread_create(&thread, nullptr, in_thread, nullptr) != 0) abort();
  pthread_join(thread, nullptr);

  const std::string path = argv[1];
  save(path, buffer, used);
  std::string maps;
  FILE *file = fopen("/proc/self/maps", "r");
  char line[1024];
  while (fgets(line, sizeof line, file) != nullptr) maps += line;
  fclose(file);
  save(path + ".maps", maps.data(), maps.size());
  const void *vdso = reinterpret_cast<const void *>(getauxval(AT_SYSINFO_EHDR));
  if (vdso != nullptr) save(path + ".vdso", vdso, 8192);
  return 0;
}

#include "threads.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "isa.hpp"

#ifdef __unix__
#include <pthread.h>
#endif

namespace pellucid {
namespace {

// About 50 µs of pauses: longer than the gap between two tasks of a training loop. Whoever waits longer than that waits
// for a worker whose core somebody else has, and had better give its own away.
constexpr int kSpins = 2000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`.
void await_change(const std::atomic<unsigned>& value, unsigned old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

int wanted_workers() {
  const char* text = std::getenv("PELLUCID_THREADS");
  if (text == nullptr || *text == '\0') return cores();
  char* end = nullptr;
  const long count = std::strtol(text, &end, 10);
  if (*end != '\0' || count < 1 || count > 1024)
    throw std::invalid_argument(std::string("PELLUCID_THREADS: got ") + text + "; give a number from 1 to 1024");
  return static_cast<int>(count);
}

}  // namespace

void Barrier::wait() noexcept {
  const unsigned round = round_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_acq_rel);
    return;
  }
  for (int i = 1; round_.load(std::memory_order_acquire) == round; ++i) {
    i < kSpins ? relax() : std::this_thread::yield();
  }
}

// In memory that is never freed: the threads may outlive every destructor, and after a fork a new one is made in place.
Pool& Pool::instance() {
  static Pool* const pool = new Pool;
  return *pool;
}

Pool::Pool() : workers_(wanted_workers()) {
#ifdef __unix__
  pthread_atfork(nullptr, nullptr, &Pool::after_fork);
#endif
}

void Pool::after_fork() {
  // The child has none of the threads, and the lock may be held by one of them: leave both behind.
  Pool& pool = instance();
  new (&pool.busy_) std::mutex;
  new (&pool.threads_) std::vector<std::thread>;
  pool.running_.store(0);
}

void Pool::resize(int workers) {
  if (workers < 1) throw std::invalid_argument("threads: got " + std::to_string(workers) + "; give 1 or more");
  const std::lock_guard lock(busy_);
  stop();
  workers_ = workers;
}

bool Pool::start() {
  stopping_.store(false);
  try {
    while (static_cast<int>(threads_.size()) + 1 < workers_)
      threads_.emplace_back(&Pool::work, this, static_cast<int>(threads_.size()) + 1, round_.load());
  } catch (const std::system_error&) {  // no more threads: without those that there are, too
    stop();
    return false;
  }
  return true;
}

void Pool::stop() {
  stopping_.store(true);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool Pool::try_run(int workers, const std::function<void(int)>& task) {
  const std::unique_lock lock(busy_, std::try_to_lock);
  if (!lock || workers != workers_) return false;
  if (static_cast<int>(threads_.size()) + 1 < workers && !start()) return false;
  task_ = &task;
  running_.store(workers - 1, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  task(0);
  for (int i = 1; running_.load(std::memory_order_acquire) != 0; ++i) {
    i < kSpins ? relax() : std::this_thread::yield();
  }
  return true;
}

void Pool::work(int worker, unsigned seen) noexcept {
  for (;; ++seen) {
    await_change(round_, seen);
    if (stopping_.load()) return;
    (*task_)(worker);
    running_.fetch_sub(1, std::memory_order_acq_rel);
  }
}

}  // namespace pellucid

// Our own small pool of threads: workers that run one task together and wait, spinning for a moment, for the next.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pellucid {

// Lets `size` workers wait for each other. Spins, since the others are a few microseconds away; gives the core up after
// a while, in case there are more threads than cores.
class Barrier {
 public:
  explicit Barrier(int size) : size_(size) {}
  void wait() noexcept;

 private:
  const int size_;
  alignas(64) std::atomic<int> arrived_{0};     // on lines of their own: the last to arrive should not have to fight
  alignas(64) std::atomic<unsigned> round_{0};  // for the one that the others are watching
};

class Pool {
 public:
  // The one pool of this process: PELLUCID_THREADS workers, or as many as there are cores. After a fork the child makes
  // its own on first use.
  static Pool& instance();

  int workers() const { return workers_.load(); }
  // From now on this many. Waits for what is running.
  void resize(int workers);

  // Runs task(worker) on every worker at once, worker 0 being the caller, and comes back when all are done. Only one
  // task runs at a time: false, and nothing was run, where the pool is busy with another caller's, where it has been
  // resized and `workers` is no longer how many there are, or where the system gives no more threads. The task must
  // not throw.
  bool try_run(int workers, const std::function<void(int worker)>& task);

 private:
  Pool();
  bool start();
  void stop();
  void work(int worker, unsigned seen) noexcept;  // seen: the number of the last task that is not for this thread
  static void after_fork();

  std::atomic<int> workers_;
  std::mutex busy_;
  std::vector<std::thread> threads_;
  const std::function<void(int)>* task_ = nullptr;
  std::atomic<unsigned> round_{0};
  std::atomic<int> running_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace pellucid

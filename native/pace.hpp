// Whether many threads are faster than one, found out on the way.
//
// Threads that share every step wait for each other some times in each. Where other programs want the cores too, the
// system takes now one thread from its core and now another, and then all wait: one thread alone can be ten times as
// fast. The bits are the same either way, so it is tried now and then which way goes faster.
#pragma once

#include <chrono>

#include "kernels/kernel.hpp"

namespace pellucid {

class Pace {
 public:
  using Nanoseconds = std::chrono::duration<double, std::nano>;

  struct Stint {
    Size steps;
    bool alone;
  };

  // How many steps to take now in one go, of those that are left, and whether alone.
  Stint next(Size left) {
    const bool trial = ++since_trial_ >= (alone_ ? between_trials_alone : between_trials_shared);
    if (trial) since_trial_ = 0;
    const bool alone = trial != alone_;
    const double each = each_[alone] > 0 ? each_[alone] : each_[!alone];
    const double fit = each > 0 ? Nanoseconds(stint_length).count() / each : 1;
    const Size steps = fit < 1 ? 1 : static_cast<Size>(fit);
    return {steps < left ? steps : left, alone};
  }

  void took(const Stint& stint, Nanoseconds time) {
    double& each = each_[stint.alone];
    const double now = time.count() / static_cast<double>(stint.steps);
    each = each > 0 && stint.alone == alone_ ? (each + now) / 2 : now;
    if (each_[0] <= 0 || each_[1] <= 0) return;
    alone_ = alone_ ? each_[1] < share_again * each_[0] : each_[1] < be_alone * each_[0];
  }

 private:
  static constexpr std::chrono::milliseconds stint_length{4};
  // One alone must be much faster to be preferred: what the threads have in their caches is lost by a trial, and so is
  // the time in which they wake up.
  static constexpr int between_trials_shared = 64, between_trials_alone = 12;
  static constexpr double be_alone = 0.7, share_again = 0.95;

  bool alone_ = false;
  int since_trial_ = 0;
  double each_[2] = {0, 0};  // nanoseconds a step: shared, alone
};

}  // namespace pellucid

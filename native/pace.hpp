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
    const bool trial = ++count_ % between_trials == 0;
    const bool alone = trial != alone_;
    const double each = each_[alone] > 0 ? each_[alone] : each_[!alone];
    const Nanoseconds length = trial ? trial_length : stint_length;
    const double fit = each > 0 ? length.count() / each : 1;
    const Size steps = fit < 1 ? 1 : static_cast<Size>(fit);
    return {steps < left ? steps : left, alone};
  }

  void took(const Stint& stint, Nanoseconds time) {
    double& each = each_[stint.alone];
    const double now = time.count() / static_cast<double>(stint.steps);
    each = each > 0 ? (each + now) / 2 : now;
    if (each_[!alone_] > 0 && each_[!alone_] < worth_changing * each_[alone_]) alone_ = !alone_;
  }

 private:
  static constexpr int between_trials = 24;
  static constexpr double worth_changing = 0.8;
  static constexpr std::chrono::milliseconds stint_length{4}, trial_length{1};

  bool alone_ = false;
  int count_ = 0;
  double each_[2] = {0, 0};  // nanoseconds a step: shared, alone
};

}  // namespace pellucid

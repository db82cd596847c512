// How a mini-batch comes together: rows of a data set, chosen anew for each step, copied side by side.
//
// The rows lie anywhere in the data set, and each costs a wait for the memory. So while a step is computed, those of
// the next one are asked for, a few lines of the cache at a time: more at once than the core can wait for would make
// the step itself wait.
#pragma once

#include <cstring>
#include <vector>

#include "plan.hpp"

namespace pellucid {

// What one worker gathers: its share of the rows, but the first worker all of what is small, labels say, so that it
// need not wait for the others to read it.
class Gatherer {
 public:
  Gatherer(const std::vector<Gathered>& parts, const std::vector<std::byte*>& batches, Size batch, int worker,
           int workers) noexcept
      : parts_(parts), batches_(batches), batch_(batch), worker_(worker), workers_(workers) {}

  static bool is_small(const Gathered& part) noexcept { return part.row_bytes <= 8; }

  void gather(const std::int64_t* rows) const noexcept {
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      const Size bytes = parts_[p].row_bytes;
      const Share mine = share(p);
      for (Size i = mine.begin; i < mine.end; ++i)
        std::memcpy(batches_[p] + i * bytes, parts_[p].source + rows[i] * bytes, static_cast<std::size_t>(bytes));
    }
  }

  // From now on `ask` is for these rows; null: for none.
  void look_ahead(const std::int64_t* rows) noexcept {
    rows_ = rows;
    left_ = rows ? parts_.size() : 0;
    begin_part();
  }

  // Asks the memory for the next few lines, of the last part first: labels come behind what they belong to.
  void ask() noexcept {
    for (int lines = at_once; lines > 0 && left_ > 0;) {
      const Gathered& part = parts_[left_ - 1];
      if (row_ == end_) {
        --left_;
        begin_part();
        continue;
      }
      const std::byte* const row = part.source + rows_[row_] * part.row_bytes;
      for (; lines > 0 && byte_ < part.row_bytes; byte_ += line, --lines) __builtin_prefetch(row + byte_, 0, 2);
      if (byte_ < part.row_bytes) return;
      ++row_;
      byte_ = 0;
    }
  }

 private:
  static constexpr Size line = 64;
  static constexpr int at_once = 32;

  Share share(std::size_t part) const noexcept {
    if (is_small(parts_[part])) return {0, worker_ == 0 ? batch_ : 0};
    return {batch_ * worker_ / workers_, batch_ * (worker_ + 1) / workers_};
  }

  void begin_part() noexcept {
    if (left_ == 0) return;
    const Share mine = share(left_ - 1);
    row_ = mine.begin;
    end_ = mine.end;
    byte_ = 0;
  }

  const std::vector<Gathered>& parts_;
  const std::vector<std::byte*>& batches_;
  const Size batch_;
  const int worker_, workers_;
  const std::int64_t* rows_ = nullptr;
  std::size_t left_ = 0;  // parts to ask for
  Size row_ = 0, end_ = 0, byte_ = 0;
};

}  // namespace pellucid

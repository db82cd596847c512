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
           int workers) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool all = is_small(parts[i]);
      if (all && worker > 0) continue;
      const Size begin = all ? 0 : batch * worker / workers, end = all ? batch : batch * (worker + 1) / workers;
      if (begin < end) pieces_.push_back({parts[i], batches[i], begin, end});
    }
  }

  static bool is_small(const Gathered& part) { return part.row_bytes <= 8; }

  void gather(const std::int64_t* rows) const {
    for (const Piece& piece : pieces_)
      for (Size i = piece.begin; i < piece.end; ++i)
        std::memcpy(piece.batch + i * piece.part.row_bytes, piece.part.source + rows[i] * piece.part.row_bytes,
                    static_cast<std::size_t>(piece.part.row_bytes));
  }

  // From now on `ask` is for these rows; null: for none.
  void look_ahead(const std::int64_t* rows) {
    rows_ = rows;
    left_ = rows ? pieces_.size() : 0;
    if (left_ > 0) row_ = pieces_[left_ - 1].begin;
    byte_ = 0;
  }

  // Asks the memory for the next few lines, of the last part first: labels come behind what they belong to.
  void ask() {
    for (int lines = at_once; lines > 0 && left_ > 0;) {
      const Piece& piece = pieces_[left_ - 1];
      const std::byte* const row = piece.part.source + rows_[row_] * piece.part.row_bytes;
      for (; lines > 0 && byte_ < piece.part.row_bytes; byte_ += line, --lines) __builtin_prefetch(row + byte_, 0, 2);
      if (byte_ < piece.part.row_bytes) return;
      byte_ = 0;
      if (++row_ == piece.end && --left_ > 0) row_ = pieces_[left_ - 1].begin;
    }
  }

 private:
  static constexpr Size line = 64;
  static constexpr int at_once = 32;

  struct Piece {
    Gathered part;
    std::byte* batch;
    Size begin, end;  // rows of the batch
  };

  std::vector<Piece> pieces_;
  const std::int64_t* rows_ = nullptr;
  std::size_t left_ = 0;  // pieces to ask for
  Size row_ = 0, byte_ = 0;
};

}  // namespace pellucid

#include "engine/sorting/ordered_copy.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <type_traits>

#include "engine/base/bytes.h"
#include "engine/sorting/key.h"

namespace distarray {
namespace {

constexpr std::int64_t kBatch = 1024;

template <typename T, bool kIndices>
class OrderedCopyOf final : public OrderedCopy {
 public:
  using Key = KeyOf<T>;
  /// As in sorting: what tells elements apart, or makes them.
  static constexpr bool kMakesElements = !kIndices && kKeyIsElement<T>;

  OrderedCopyOf(const SortedSegment& segment, int part, const std::byte* elements, std::byte* result)
      : descending_(segment.descending),
        first_position_(std::accumulate(segment.counts.begin(), segment.counts.begin() + part, std::int64_t{0})),
        elements_(reinterpret_cast<const T*>(elements),
                  static_cast<std::size_t>(segment.counts[static_cast<std::size_t>(part)])),
        result_(result) {}

  bool Copy(std::int64_t budget) override {
    const std::int64_t count = std::ssize(elements_);
    const std::int64_t end = std::min(count, done_ + budget);
    std::array<Key, kBatch + 1> keys;  // the first is the last of the batch before
    while (ordered_ && done_ < end) {
      const std::int64_t batch = std::min(kBatch, end - done_);
      MakeKeys(std::max<std::int64_t>(done_ - 1, 0), 1, keys.data());
      MakeKeys(done_, batch, keys.data() + 1);
      bool descends = false;
      for (std::int64_t i = 0; i < batch; ++i) {
        descends |= keys[static_cast<std::size_t>(i) + 1] < keys[static_cast<std::size_t>(i)];
      }
      ordered_ = !descends;
      Write(batch, keys.data() + 1);
      done_ += batch;
    }
    return !ordered_ || done_ == count;
  }

  std::string Ends() const override {
    std::vector<Key> ends;
    if (!elements_.empty()) {
      ends.resize(2);
      MakeKeys(0, 1, &ends[0]);
      MakeKeys(std::ssize(elements_) - 1, 1, &ends[1]);
    }
    ByteWriter out;
    out.Put(ordered_);
    out.PutVector(ends);
    return std::move(out).Take();
  }

  bool Join(const std::vector<std::string>& ends) const override {
    std::vector<Key> keys;
    for (const std::string& of_part : ends) {
      ByteReader reader(of_part);
      if (!reader.Get<bool>()) {
        return false;
      }
      const std::vector<Key> own = reader.GetVector<Key>();
      keys.insert(keys.end(), own.begin(), own.end());
    }
    return std::is_sorted(keys.begin(), keys.end());
  }

 private:
  void MakeKeys(std::int64_t begin, std::int64_t count, Key* keys) const {
    const T* const elements = elements_.data() + begin;
    for (std::int64_t i = 0; i < count; ++i) {
      Key key;
      if constexpr (kMakesElements) {
        key = ElementKey(elements[i]);
      } else {
        key = OrderKey(elements[i]);
      }
      keys[i] = descending_ ? ReversedKey(key) : key;
    }
  }

  void Write(std::int64_t batch, const Key* keys) {
    if constexpr (kIndices) {
      auto* const out = reinterpret_cast<std::int64_t*>(result_) + done_;
      std::iota(out, out + batch, first_position_ + done_);
    } else if constexpr (kMakesElements) {
      auto* const out = reinterpret_cast<T*>(result_) + done_;
      for (std::int64_t i = 0; i < batch; ++i) {
        out[i] = KeyElement<T>(descending_ ? ReversedKey(keys[i]) : keys[i]);
      }
    } else {
      std::copy_n(elements_.data() + done_, batch, reinterpret_cast<T*>(result_) + done_);
    }
  }

  bool descending_;
  std::int64_t first_position_;  // in the sequence
  std::span<const T> elements_;
  std::byte* result_;
  std::int64_t done_ = 0;
  bool ordered_ = true;  // so far
};

}  // namespace

std::unique_ptr<OrderedCopy> OrderedCopy::Make(const SortedSegment& segment, int part, const std::byte* elements,
                                               std::byte* result) {
  return Visit(segment.dtype, [&]<typename T>() -> std::unique_ptr<OrderedCopy> {
    if (segment.indices) {
      return std::make_unique<OrderedCopyOf<T, true>>(segment, part, elements, result);
    }
    return std::make_unique<OrderedCopyOf<T, false>>(segment, part, elements, result);
  });
}

}  // namespace distarray

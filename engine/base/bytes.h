#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace distarray {

/// Appends plain values to a string of bytes: host byte order, for messages between processes of one build only.
class ByteWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void Put(const T& value) { out_.append(reinterpret_cast<const char*>(&value), sizeof(T)); }
  /// A length, then the elements.
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void PutSpan(std::span<const T> values) {
    Put(static_cast<std::int64_t>(values.size()));
    if (!values.empty()) {
      out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
  }
  template <typename T>
  void PutVector(const std::vector<T>& values) {
    PutSpan(std::span<const T>(values));
  }
  void PutString(std::string_view text) { PutSpan(std::span<const char>(text.data(), text.size())); }

  std::string Take() && { return std::move(out_); }
  std::int64_t size() const { return static_cast<std::int64_t>(out_.size()); }

 private:
  std::string out_;
};

/// Reads what ByteWriter wrote. Reading past the end gives zeros and makes ok() false: check it once, after the last
/// read.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T> T Get() {
    T value{};
    if (rest_.size() < sizeof(T)) {
      Fail();
      return value;
    }
    if constexpr (std::is_same_v<T, bool>) {
      // Any other byte in a bool would be undefined behaviour at its first use.
      value = rest_.front() == 1;
      if (rest_.front() != 0 && rest_.front() != 1) {
        Fail();
        return false;
      }
    } else {
      std::memcpy(&value, rest_.data(), sizeof(T));
    }
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T> std::vector<T> GetVector() {
    const auto count = Get<std::int64_t>();
    if (count < 0 || static_cast<std::uint64_t>(count) > rest_.size() / sizeof(T)) {
      Fail();
      return {};
    }
    std::vector<T> values(static_cast<std::size_t>(count));
    if (count > 0) {
      std::memcpy(values.data(), rest_.data(), values.size() * sizeof(T));
      rest_.remove_prefix(values.size() * sizeof(T));
    }
    return values;
  }
  std::string GetString() { return std::string(GetStringView()); }
  /// Borrows from the bytes read.
  std::string_view GetStringView() {
    const auto count = Get<std::int64_t>();
    if (count < 0 || static_cast<std::uint64_t>(count) > rest_.size()) {
      Fail();
      return {};
    }
    const auto text = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(text.size());
    return text;
  }
  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  void Fail() {
    ok_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace distarray

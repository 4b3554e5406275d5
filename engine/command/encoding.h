#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/command/command.h"

namespace distarray {

// What the bodies of commands are written and read with.

/// Reads parts. ByteReader turns truncation into !ok(); what is in range is checked here.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : in_(bytes) {}

  ByteReader& in() { return in_; }
  bool ok() const { return ok_ && in_.ok(); }
  bool AtEnd() const { return ok_ && in_.AtEnd(); }
  void Reject() { ok_ = false; }

  DType GetDType() {
    const auto number = in_.Get<std::uint8_t>();
    if (number >= kDTypeCount) {
      Reject();
      return DType::kFloat64;
    }
    return static_cast<DType>(number);
  }

  NewBuffer GetNewBuffer() {
    NewBuffer buffer;
    buffer.buffer = in_.Get<BufferId>();
    buffer.distribution = in_.Get<DistributionId>();
    buffer.dtype = GetDType();
    return buffer;
  }

  BufferView GetBufferView() {
    BufferView view;
    view.buffer = in_.Get<BufferId>();
    view.distribution = in_.Get<DistributionId>();
    view.dtype = GetDType();
    view.view = View::Decode(in_);
    return view;
  }

  MatrixBuffer GetMatrixBuffer() {
    MatrixBuffer matrices;
    matrices.buffer = in_.Get<BufferId>();
    matrices.distribution = in_.Get<DistributionId>();
    matrices.transposed = in_.Get<bool>();
    return matrices;
  }

  OutputBuffer GetOutput() {
    if (in_.Get<std::uint8_t>() == 0) {
      return GetNewBuffer();
    }
    return GetBufferView();
  }

  std::optional<BufferView> GetOptionalView() {
    if (!in_.Get<bool>()) {
      return std::nullopt;
    }
    return GetBufferView();
  }

  RowChoice GetRowChoice() {
    RowChoice choice;
    choice.indices = GetList<BufferView>([this] { return GetBufferView(); });
    choice.sizes = in_.GetVector<std::int64_t>();
    choice.axes = in_.GetVector<int>();
    if (choice.sizes.size() != choice.indices.size() || choice.axes.size() != choice.indices.size()) {
      Reject();
    }
    return choice;
  }

  template <typename T, typename F>
  std::vector<T> GetList(F&& get) {
    const auto count = in_.Get<std::int64_t>();
    std::vector<T> list;
    if (count < 0) {
      Reject();
    }
    for (std::int64_t i = 0; i < count && ok(); ++i) {
      list.push_back(get());
    }
    return list;
  }

 private:
  ByteReader in_;
  bool ok_ = true;
};

inline void Put(ByteWriter& out, const NewBuffer& buffer) {
  out.Put(buffer.buffer);
  out.Put(buffer.distribution);
  out.Put(static_cast<std::uint8_t>(buffer.dtype));
}

inline void Put(ByteWriter& out, const BufferView& view) {
  out.Put(view.buffer);
  out.Put(view.distribution);
  out.Put(static_cast<std::uint8_t>(view.dtype));
  view.view.Encode(out);
}

inline void Put(ByteWriter& out, const std::optional<BufferView>& view) {
  out.Put(view.has_value());
  if (view) {
    Put(out, *view);
  }
}

template <typename T>
void PutList(ByteWriter& out, const std::vector<T>& list) {
  out.Put(static_cast<std::int64_t>(list.size()));
  for (const T& element : list) {
    Put(out, element);
  }
}

// Rows by number, mask and bin (command_rows.cc).
void PutBody(ByteWriter& out, const CheckRows& body);
void PutBody(ByteWriter& out, const TakeRows& body);
void PutBody(ByteWriter& out, const PutRows& body);
void PutBody(ByteWriter& out, const TakeAlong& body);
void PutBody(ByteWriter& out, const PutAlong& body);
void PutBody(ByteWriter& out, const TakeAligned& body);
void PutBody(ByteWriter& out, const CountSelected& body);
void PutBody(ByteWriter& out, const SelectRows& body);
void PutBody(ByteWriter& out, const PutSelected& body);
void PutBody(ByteWriter& out, const CountBins& body);
void GetBody(Decoder& in, CheckRows& body);
void GetBody(Decoder& in, TakeRows& body);
void GetBody(Decoder& in, PutRows& body);
void GetBody(Decoder& in, TakeAlong& body);
void GetBody(Decoder& in, PutAlong& body);
void GetBody(Decoder& in, TakeAligned& body);
void GetBody(Decoder& in, CountSelected& body);
void GetBody(Decoder& in, SelectRows& body);
void GetBody(Decoder& in, PutSelected& body);
void GetBody(Decoder& in, CountBins& body);

}  // namespace distarray
